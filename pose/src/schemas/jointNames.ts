/** A joint's name for comparison: case, hyphens, underscores and spaces mean nothing, so "Right-ankle" is "right_ankle". */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_\s]/g, '');
}

export type Side = 'left' | 'right';

/**
 * Which joints change places in a mirrored image, by their names: left and right, l and r, as a word of the name before,
 * behind or within it (`left_eye`, `eyeL`, `R_F_Paw`, `Left Ear Base`), or glued to it (`lefteye`, `lknee`, `KNEER`); also in other
 * languages (`genou gauche`, `左手`).
 * @returns no pair where no name has a side; undefined where names do not tell: a "left" without its "right", landmarks that
 * have numbers for names, or names in letters of which no side is known
 */
export function partnersByName(joints: readonly string[]): [number, number][] | undefined {
  if (areNumbers(joints)) return undefined;
  const at = new Map(joints.map((name, k) => [wordsOf(name).join(' '), k]));
  const pairs: [number, number][] = [];
  for (const [k, name] of joints.entries()) {
    const partner = readingsOf(name).flatMap(({ mirrored }) => at.get(mirrored) ?? [])[0];
    if (partner !== undefined && partner > k) pairs.push([k, partner]);
    // A lone letter may mean something else, as in the vertebra L1.
    if (partner === undefined && wordsOf(name).some((word) => WORDS.has(word))) return undefined;
  }
  // Sides that are written in other ways than these are not seen.
  return pairs.length === 0 && joints.some((name) => /\P{ASCII}/u.test(name)) ? undefined : pairs;
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

/** Left and right in the languages that labels come in; a letter alone counts as well. */
const SIDES: readonly (readonly [left: string, right: string])[] = [
  ...([
    ['left', 'right'],
    ['l', 'r'],
    ['links', 'rechts'],
    ['gauche', 'droite'],
    ['gauche', 'droit'],
  ] as const),
  ...([
    ['izquierda', 'derecha'],
    ['izquierdo', 'derecho'],
    ['sinistra', 'destra'],
    ['sinistro', 'destro'],
  ] as const),
  ...([
    ['esquerda', 'direita'],
    ['esquerdo', 'direito'],
    ['лев', 'прав'],
    ['左', '右'],
    ['왼', '오른'],
  ] as const),
];

const TURNS = SIDES.flatMap(([left, right]) => [
  { side: 'left', from: left, to: right } as const,
  { side: 'right', from: right, to: left } as const,
]);

/** Words that mean a side, whatever else is in the name. */
const WORDS = new Set(TURNS.map(({ from }) => from).filter((word) => word.length > 1));

/** The ways in which a name may have a side, the surest first. */
function readingsOf(name: string): Reading[] {
  const words = wordsOf(name);
  // Of a left eye's right corner the first word counts.
  const whole = words.flatMap((word) => TURNS.filter(({ from }) => from === word));
  if (whole.length > 0) {
    return whole.map(({ side, from, to }) => ({
      side,
      mirrored: words.map((word) => (word === from ? to : word === to ? from : word)).join(' '),
    }));
  }
  const readings: Reading[] = [];
  for (const { side, from, to } of TURNS) {
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
