import { DataError } from 'wgrad';
import type { Annotation, Annotations, Id } from './annotations.js';

/** The half of a data set that trains, and the one that tests. */
export type Half = 'train' | 'test';

/** Without any other sign, every so many-th picture is held out. */
const HELD_OUT = 5;

/** What the names of a file or its folders tell: its half, both of them (`trainval`), or nothing. */
export function halfNamed(path: string): Half | 'trainval' | undefined {
  const [name, ...folders] = path.toLowerCase().split(/[/\\]/).reverse();
  for (const text of [name, ...folders]) {
    if (/train_?val/.test(text)) return 'trainval';
    if (/train/.test(text)) return 'train';
    if (/val|test|dev/.test(text)) return 'test';
  }
  return undefined;
}

/** A person in a file of annotations. */
export interface Member {
  readonly annotations: Annotations;
  readonly person: Annotation;
}

/** Annotations and the half that they belong to; undefined: to both. */
export interface HalfFile {
  readonly annotations: Annotations;
  readonly half?: Half;
}

/**
 * Divides people into the half that trains and the one that tests. Files go as they are named; if only one half is named, all
 * pictures go by their "split" ("train..." or anything else), and of files without it every fifth picture is held out. People
 * of one picture stay together.
 */
export function halvesOf(files: readonly HalfFile[]): Record<Half, Member[]> {
  const halves: Record<Half, Member[]> = { train: [], test: [] };
  const isDivided = new Set(files.map(({ half }) => half)).size === 1;
  for (const { annotations, half } of files) {
    const halfOf = isDivided || half === undefined ? divided(annotations) : () => half;
    for (const person of annotations.people) {
      const own = halfOf(person.image);
      if (own) halves[own].push({ annotations, person });
    }
  }
  return halves;
}

/** LSP's items without a part, where others have one, belong to neither half. */
export const NEITHER = 'none';

function divided({ pictures }: Annotations): (image: Id) => Half | undefined {
  const all = [...pictures.values()].sort((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
  const isNamed = all.some(({ split }) => split !== undefined);
  const isTraining = ({ split = 'train' }, i: number) => (isNamed ? /^train/.test(split) : (i + 1) % HELD_OUT > 0);
  const half = new Map<Id, Half | undefined>(
    all.map((picture, i) => [
      picture.id,
      picture.split === NEITHER ? undefined : isTraining(picture, i) ? 'train' : 'test',
    ]),
  );
  return (image) => half.get(image);
}

/** A file of pictures that a data set takes, by their paths. */
export interface PictureUse {
  readonly file: string;
  readonly half: Half;
  readonly paths: ReadonlySet<string>;
}

/** @throws DataError naming files and a picture where one picture is in both halves, or in two files of one */
export function checkDisjoint(uses: readonly PictureUse[]): void {
  const seen = new Map<string, PictureUse>();
  const shared = new Map<PictureUse, Map<PictureUse, string[]>>();
  for (const use of uses) {
    for (const path of use.paths) {
      const other = seen.get(path);
      if (!other) seen.set(path, use);
      else {
        const pairs = shared.get(use) ?? new Map<PictureUse, string[]>();
        shared.set(use, pairs.set(other, [...(pairs.get(other) ?? []), path]));
      }
    }
  }
  for (const [use, others] of shared) {
    for (const [other, paths] of others) {
      const isOne = paths.length === 1;
      const which = isOne ? paths[0] : `${paths.length} pictures such as ${paths[0]}`;
      const what = use.half === other.half ? 'would count twice' : `${isOne ? 'is' : 'are'} in both halves`;
      throw new DataError(
        `${which} ${what}, by ${other.file} and ${use.file}; expected pictures that ` +
          'train or test, once: say which files to take with --train FILE --test FILE',
      );
    }
  }
}
