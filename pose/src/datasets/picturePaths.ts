import { DataError } from 'wgrad';
import { fileStem } from '../fileName.js';

/**
 * The names of a path from the last to the first, however they are separated. Names are compared in one normal form, since
 * some systems store accents apart from their letters.
 */
function namesOf(path: string): string[] {
  return path
    .normalize('NFC')
    .split(/[/\\]+/)
    .filter((name) => name !== '' && name !== '.')
    .reverse();
}

/**
 * The names that a picture's may agree in, the surest first: as it is; without the extension, which some programs leave out; and without
 * the eight digits that Label Studio puts before the names of uploads.
 */
function keysOf(name: string): Set<string> {
  const bare = name.replace(/^[0-9a-f]{8}-(?=.)/, '');
  return new Set([name, fileStem(name), bare, fileStem(bare)]);
}

/** A path that was found, and how many names from the last on it has in common. */
interface Agreement {
  readonly index: number;
  readonly names: number;
}

/**
 * Finds paths of pictures among others that may begin elsewhere: `a/1.png` is `/data/set/a/1.png`, not `b/1.png`, as far as
 * both tell it.
 */
export class PicturePaths {
  readonly #paths: readonly string[];
  readonly #byName = new Map<string, { readonly index: number; readonly names: readonly string[] }[]>();

  constructor(paths: readonly string[]) {
    this.#paths = paths;
    paths.forEach((path, index) => {
      const names = namesOf(path);
      const [last = ''] = names;
      for (const key of keysOf(last)) {
        const entries = this.#byName.get(key) ?? [];
        entries.push({ index, names });
        this.#byName.set(key, entries);
      }
    });
  }

  /** The paths that agree with this one in most names; none if no last name agrees. */
  agreeing(path: string): Agreement[] {
    const [last = '', ...folders] = namesOf(path);
    const key = [...keysOf(last)].find((name) => this.#byName.has(name));
    const found = this.#byName.get(key ?? '') ?? [];
    const exact = found.filter(({ names }) => names[0] === last);
    let best: Agreement[] = [];
    for (const { index, names } of exact.length > 0 ? exact : found) {
      let same = 1;
      while (same < names.length && same <= folders.length && names[same] === folders[same - 1]) same++;
      if (best.length > 0 && same < best[0].names) continue;
      if (best.length > 0 && same > best[0].names) best = [];
      best.push({ index, names: same });
    }
    return best;
  }

  /**
   * For each path asked for, the index of the one that it is, or undefined. No two of them are the same one: of two that
   * could be, the one that agrees in more names is.
   * @param file names the list of paths in messages
   * @throws DataError naming both where two are equally likely
   */
  matches(asked: readonly string[], file: string): (number | undefined)[] {
    const takers = new Map<number, { readonly path: string; readonly names: number }>();
    const found = asked.map((path) => {
      const [first, second] = this.agreeing(path);
      if (second) {
        throw new DataError(
          `${path}: ${file} has ${this.#paths[first.index]} and ${this.#paths[second.index]}, which could both be this ` +
            'picture; expected paths that tell them apart: name the folders on both sides',
        );
      }
      if (!first) return undefined;
      const other = takers.get(first.index);
      if (other && other.names === first.names && namesOf(other.path).join('/') !== namesOf(path).join('/')) {
        throw new DataError(
          `${other.path} and ${path} could both be ${this.#paths[first.index]} of ${file}; expected paths that tell ` +
            'them apart: name the folders there too, or give the pictures of one folder',
        );
      }
      if (!other || other.names < first.names) takers.set(first.index, { path, names: first.names });
      return first;
    });
    return found.map((match) => (match && takers.get(match.index)?.names === match.names ? match.index : undefined));
  }
}
