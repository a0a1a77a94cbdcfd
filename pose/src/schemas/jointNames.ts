/** A joint's name for comparison: case, hyphens, underscores and spaces mean nothing, so "Right-ankle" is "right_ankle". */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '');
}

export type Side = 'left' | 'right';

/**
 * Which joints change places in a mirrored image, by their names: left and right, l and r, as a word of the name before,
 * behind or within it (`left_eye`, `eyeL`, `R_F_Paw`, `Left Ear Base`), or glued to it (`lefteye`, `lknee`, `KNEER`).
 * @returns no pair where no name has a side; undefined where names do not tell: a "left" without its "right", or
 * landmarks that have numbers for names
 */
export function partnersByName(joints: readonly string[]): [number, number][] | undefined {
  if (areNumbers(joints)) return undefined;
  const at = new Map(joints.map((name, k) => [wordsOf(name).join(' '), k]));
  const pairs: [number, number][] = [];
  for (const [k, name] of joints.entries()) {
    const partner = readingsOf(name).flatMap(({ mirrored }) => at.get(mirrored) ?? [])[0];
    if (partner !== undefined && partner > k) pairs.push([k, partner]);
    // A lone letter may mean something else, as in the vertebra L1.
    if (partner === undefined && wordsOf(name).some((word) => word === 'left' || word === 'right')) return undefined;
  }
  return pairs;
}

/** The person's side that each joint is on, by its name; undefined where it has none. @param flipPairs whose names differ by side */
export function sidesOf(
  joints: readonly string[],
  flipPairs: readonly (readonly [number, number])[],
): (Side | undefined)[] {
  const sides: (Side | undefined)[] = joints.map(() => undefined);
  for (const [a, b] of flipPairs) {
    const partner = wordsOf(joints[b]).join(' ');
    const { side } = readingsOf(joints[a]).find(({ mirrored }) => mirrored === partner) ?? {};
    if (side === undefined) continue;
    sides[a] = side;
    sides[b] = side === 'left' ? 'right' : 'left';
  }
  return sides;
}

/** More joints of one word and a number than a finger or a leg has are landmarks of an outline, whose numbers tell no side. */
const FEW = 6;

function areNumbers(joints: readonly string[]): boolean {
  const stems = new Map<string, number>();
  for (const name of joints) {
    const stem = /^(.*?)\d+$/.exec(plainName(name))?.[1];
    if (stem !== undefined) stems.set(stem, (stems.get(stem) ?? 0) + 1);
  }
  return [...stems].some(([stem, count]) => stem === '' || count > FEW || count === joints.length);
}

/** A way to see a side in a name, and the mirrored name, both in words. */
interface Reading {
  readonly side: Side;
  readonly mirrored: string;
}

const OPPOSITE: Readonly<Record<string, string>> = { left: 'right', right: 'left', l: 'r', r: 'l' };

/** The ways in which a name may have a side, the surest first. */
function readingsOf(name: string): Reading[] {
  const words = wordsOf(name);
  const sided = words.find((word) => word in OPPOSITE);
  if (sided) {
    return [
      { side: sided[0] === 'l' ? 'left' : 'right', mirrored: words.map((word) => OPPOSITE[word] ?? word).join(' ') },
    ];
  }
  const readings: Reading[] = [];
  for (const [from, to] of Object.entries(OPPOSITE)) {
    const side = from[0] === 'l' ? 'left' : 'right';
    for (const [i, word] of words.entries()) {
      const with_ = (other: string) => ({ side, mirrored: words.with(i, other).join(' ') }) as const;
      if (word.startsWith(from)) readings.push(with_(to + word.slice(from.length)));
      if (word.endsWith(from)) readings.push(with_(word.slice(0, -from.length) + to));
    }
  }
  return readings;
}

/** The words of a name in lower case: `legF2L` has leg, f, 2, l. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/(\p{L})(\d)/gu, '$1 $2')
    .replace(/(\d)(\p{L})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter(Boolean);
}
