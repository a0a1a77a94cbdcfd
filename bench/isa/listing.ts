/** What an instruction does, as far as the count of a loop tells them apart. */
export const KINDS = [
  'fma',
  'float',
  'int',
  'mov',
  'scalar',
  'shared',
  'memory',
  'scratch',
  'wait',
  'branch',
  'hint',
] as const;
export type Kind = (typeof KINDS)[number];

export interface Instruction {
  readonly kind: Kind;
  /** Slots of the vector unit that it takes. */
  readonly slots: number;
  /** 0 for a hint, and for the second half of a pair that is issued at once. */
  readonly issues: 0 | 1;
}

/** A kernel's machine code; `loops` are the first and last instruction of each loop, nested ones too. */
export interface Listing {
  readonly instructions: readonly Instruction[];
  readonly loops: readonly (readonly [first: number, last: number])[];
  /** Bytes of code, where the listing itself tells. */
  readonly bytes?: number;
}

/** What is counted in the hot loop, once through. */
export interface HotLoop {
  readonly counts: Readonly<Partial<Record<Kind, number>>>;
  /** Multiply-adds by instructions issued; above 1 where two are issued at once. */
  readonly fmaShare: number;
  /** Multiply-adds by slots of the vector unit. */
  readonly fmaOfVector: number;
}

/** What ranks loops without multiply-adds. */
const WORK: readonly Kind[] = ['float', 'memory', 'shared'];

/**
 * The loop with most multiply-adds of its own, instructions of loops within it left out; of loops without any the one with most
 * other arithmetic and accesses to memory. Undefined if there is no loop.
 */
export function hotLoop({ instructions, loops }: Listing): HotLoop | undefined {
  const bodies = loops.map(([first, last]) => {
    const inner = loops.filter(([a, b]) => a >= first && b <= last && b - a < last - first);
    const own = instructions
      .slice(first, last + 1)
      .filter((_, i) => !inner.some(([a, b]) => isWithin(first + i, a, b)));
    const rank = [count(own, ['fma']), count(own, WORK), first - last];
    return { own, rank };
  });
  const [hottest] = bodies.sort((a, b) => compareRanks(b.rank, a.rank));
  return hottest && summary(hottest.own);
}

/** How often a compiler's estimate takes each loop to run, whatever its trip count. */
const ASSUMED_TRIPS = 10;

/** Multiply-adds of one lane in a run in which each loop, nested ones too, goes round ten times. */
export function estimatedFma({ instructions, loops }: Listing): number {
  return instructions.reduce((sum, { kind }, i) => {
    const depth = kind === 'fma' ? loops.filter(([a, b]) => isWithin(i, a, b)).length : 0;
    return sum + (kind === 'fma' ? ASSUMED_TRIPS ** depth : 0);
  }, 0);
}

function summary(own: readonly Instruction[]): HotLoop {
  const counts: Partial<Record<Kind, number>> = {};
  for (const { kind } of own) counts[kind] = (counts[kind] ?? 0) + 1;
  const { fma = 0 } = counts;
  const share = (whole: number) => (whole > 0 ? Math.round((1000 * fma) / whole) / 1000 : 0);
  const total = (of: 'slots' | 'issues') => own.reduce((sum, instruction) => sum + instruction[of], 0);
  return { counts, fmaShare: share(total('issues')), fmaOfVector: share(total('slots')) };
}

function count(own: readonly Instruction[], kinds: readonly Kind[]): number {
  return own.filter(({ kind }) => kinds.includes(kind)).length;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((x, i) => x !== b[i]);
  return at < 0 ? 0 : a[at] - b[at];
}

function isWithin(i: number, first: number, last: number): boolean {
  return i >= first && i <= last;
}
