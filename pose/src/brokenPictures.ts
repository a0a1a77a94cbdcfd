import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';

/** A picture that cannot be read: it is missing, broken, of another format, or too large. Training can go on without it. */
export class PictureError extends DataError {
  readonly picture: string;
  readonly why: string;

  /** @param picture what it is called; the message is `picture: why` */
  constructor(picture: string, why: string, options?: ErrorOptions) {
    super(`${picture}: ${why}`, options);
    this.picture = picture;
    this.why = why;
  }
}

/** A sample that is left out, since its picture cannot be read. */
export interface BrokenPicture {
  readonly part: 'train' | 'test';
  /** Of the sample in its split. */
  readonly index: number;
  readonly picture: string;
  readonly why: string;
}

/** Some broken pictures and those of others that are not among them. */
export function mergeBroken(some: readonly BrokenPicture[], others: readonly BrokenPicture[]): BrokenPicture[] {
  const merged = new Map<string, BrokenPicture>();
  for (const one of [...some, ...others]) {
    const place = `${one.part} ${one.index}`;
    if (!merged.has(place)) merged.set(place, one);
  }
  return [...merged.values()];
}

/** @throws DataError naming them, where they are more pictures than may be left out */
export function checkBroken(broken: readonly BrokenPicture[], most: number): void {
  const names = namesOf(broken);
  if (names.length <= most) return;
  const [{ picture, why }] = broken;
  throw new DataError(
    most === 0
      ? `${picture}: ${why}, or leave it out with --skip-broken 1`
      : `${brokenText(broken)}; --skip-broken ${most} leaves out as many at most: mend them, or take a larger number`,
  );
}

/** So many are named. */
const NAMED = 10;

/** How many pictures they are, with how many people, and which. */
export function brokenText(broken: readonly BrokenPicture[]): string {
  const names = namesOf(broken);
  const shown = [...names.slice(0, NAMED), ...(names.length > NAMED ? ['...'] : [])].join(', ');
  return `${unreadText(names.length, broken.length)}: ${shown}`;
}

/** How many pictures cannot be read, and how many people are lost with them. */
export function unreadText(pictures: number, people: number): string {
  return `${counted(pictures, 'picture')} that cannot be read, with ${counted(people, 'person', 'people')}`;
}

/** Each picture once, however many people are in it. */
function namesOf(broken: readonly BrokenPicture[]): string[] {
  return [...new Set(broken.map(({ picture }) => picture))];
}

/** What stands in for broken pictures, and how many of them may be left out. */
export interface Lenience {
  readonly length: number;
  /** Samples that are known to be broken. */
  readonly broken?: readonly BrokenPicture[];
  /** The most pictures that are left out. */
  readonly most: number;
}

/**
 * The samples of the training half, where the next one that can be read stands in for a broken one, and says for which. A sample
 * that was broken once stays so. Which sample is found depends on the files alone, not on what was asked for before.
 * @throws DataError (when asked) naming the pictures where more of them are broken than may be, or all
 */
export function readableSamples<T extends object>(
  sampleAt: (index: number) => T | Promise<T>,
  { length, broken = [], most }: Lenience,
): (index: number) => Promise<T & { readonly insteadOf?: readonly BrokenPicture[] }> {
  const known = new Map(broken.flatMap((one) => (one.part === 'train' ? [[one.index, one] as const] : [])));
  return async (index) => {
    const insteadOf: BrokenPicture[] = [];
    for (let at = index; insteadOf.length < length; at = (at + 1) % length) {
      try {
        const sample = known.has(at) ? undefined : await sampleAt(at);
        if (sample) return insteadOf.length > 0 ? { ...sample, insteadOf } : sample;
      } catch (error) {
        if (!(error instanceof PictureError)) throw error;
        known.set(at, { part: 'train', index: at, picture: error.picture, why: error.why });
      }
      insteadOf.push(known.get(at) as BrokenPicture);
      checkBroken(insteadOf, most);
    }
    throw new DataError(`no picture of the training half can be read; the first: ${insteadOf[0].picture}`);
  };
}
