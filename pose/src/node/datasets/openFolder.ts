import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import { DataError } from 'wgrad';
import { schemaOf } from '../../coco/schemaOf.js';
import type { PoseDataset, SplitOrigin } from '../../dataset.js';
import { type Annotation, type Annotations, type Id, nameOf, type Orientation } from '../../datasets/annotations.js';
import {
  checkDisjoint,
  type Half,
  type HalfFile,
  halfNamed,
  halvesOf,
  type Member,
  type PictureUse,
} from '../../datasets/halves.js';
import { type AnnotatedPerson, frameOf, jointsOf } from '../../datasets/people.js';
import { Tally } from '../../datasets/tally.js';
import type { JointSchema } from '../../schema.js';
import { haveSameJoints } from '../../schemas/known.js';
import { annotatedSplit } from './annotated.js';
import { annotationFiles, LOOKED_FOR } from './layouts.js';
import { pictureFiles } from './pictureFiles.js';
import { readAnnotations, readIfAnnotations } from './readAnnotations.js';

/** Which files of a data set are taken, and how. */
export interface DataFiles {
  /** The folder of a data set, whose files are found. */
  readonly folder?: string;
  /** Annotation files for the two halves; with `train` alone it is divided. */
  readonly train?: readonly string[];
  readonly test?: readonly string[];
  /** The folder of the pictures, where it is not the data set's. */
  readonly images?: string;
  /** How pictures are read whose size does not tell it; absent: as the form of their file has it. */
  readonly orientation?: Orientation;
  /** The most pixels of a picture that is decoded; default `MAX_PIXELS`. */
  readonly maxPixels?: number;
  /** Whether a picture that cannot be read is an error only when its sample is asked for; otherwise some forms find it here. */
  readonly lenient?: boolean;
}

/**
 * The data set of annotation files, in any form that wgrad reads (see `readAnnotations`), found in a folder or named. Crowds and
 * people without a labelled joint are left out, as the official code and mmpose do, and people whose box has no extent in the
 * picture. Joints with v = 0 weigh nothing, hidden ones count fully.
 * @param origin how another thread opens it, if one can
 * @throws DataError naming file, annotation and field for whatever is missing or broken, where joints of two files differ, and
 * where a picture is in both halves
 */
export async function openFolder(files: DataFiles, origin?: Omit<SplitOrigin, 'part'>): Promise<PoseDataset> {
  const notes: string[] = [];
  const { found, folder } = files.train || files.test ? await named(files) : await discovered(files, notes);
  const halves = halvesOf(found);
  const schema = commonSchema(found.map(({ annotations }) => annotations));
  const leftOut = new Tally();
  for (const { annotations } of found) {
    leftOut.addAll(annotations.leftOut);
    notes.push(...(annotations.notes ?? []));
  }
  const paths = await locate(halves, folder);
  const people = (half: Half) => halves[half].flatMap((member) => personOf(member, paths, leftOut) ?? []);
  const parts = { train: people('train'), test: people('test') };
  if (leftOut.size > 0) notes.push(`left out: ${leftOut.text()}`);
  if (parts.train.length === 0) {
    const why = leftOut.size > 0 ? notes.at(-1) : 'the files name nobody for it';
    throw new DataError(`${folder}: nobody with labels is in the train split; ${why}`);
  }
  const digest = digestOf(parts);
  const orientation = files.orientation ?? found[0].annotations.orientation;
  notes.push(`pictures are read ${orientation} where their size does not tell it`);
  const reading = { orientation, maxPixels: files.maxPixels };
  const split = (half: Half) =>
    annotatedSplit(parts[half], { schema, origin: origin && { ...origin, part: half }, ...reading });
  return {
    name: basename(resolve(folder)) || 'data',
    ...{ schema, mirrorable: schema.flipPairs !== undefined, notes, digest },
    ...(parts.train.some(({ spatial }) => spatial) && { spatial: true }),
    ...{ train: split('train'), test: split('test') },
  };
}

interface FoundFiles {
  readonly found: readonly HalfFile[];
  /** Where pictures are looked for. */
  readonly folder: string;
}

async function named({ train = [], test = [], images, folder, lenient }: DataFiles): Promise<FoundFiles> {
  const read = (paths: readonly string[], half: Half) =>
    Promise.all(paths.map(async (path) => ({ annotations: await readAnnotations(path, lenient), half })));
  const found = [...(await read(train, 'train')), ...(await read(test, 'test'))];
  if (train.length === 0) throw new DataError('--test: which file trains is not known; name it with --train FILE');
  return { found, folder: images ?? folder ?? resolve(train[0], '..') };
}

async function discovered({ folder = '.', images, lenient }: DataFiles, notes: string[]): Promise<FoundFiles> {
  const unknown: string[] = [];
  for (const { files, isGuess } of await annotationFiles(folder)) {
    const found: NamedFile[] = [];
    for (const name of files) {
      const path = join(folder, name);
      const annotations = isGuess ? await readIfAnnotations(path, lenient) : await readAnnotations(path, lenient);
      if (annotations) found.push({ annotations, name, half: halfNamed(name) });
      else unknown.push(name);
    }
    const taken = withLabels(found, notes);
    if (taken.length > 0) {
      if (unknown.length > 0) notes.push(`files that are no annotations: ${unknown.join(', ')}`);
      return { found: withoutUnions(taken, notes), folder: images ?? folder };
    }
  }
  // The only file that could hold annotations says best why it does not.
  if (unknown.length === 1) await readAnnotations(join(folder, unknown[0]), lenient);
  const seen = unknown.length > 0 ? `; of no known form are ${unknown.join(', ')}` : '';
  throw new DataError(
    `--data ${folder}: no data set of a known form; looked for ${LOOKED_FOR}${seen}; name its files with --train FILE ` +
      '--test FILE --images FOLDER',
  );
}

interface NamedFile {
  readonly annotations: Annotations;
  readonly name: string;
  readonly half: Half | 'trainval' | undefined;
}

/** Files that list pictures alone, as those of test sets do, are for nobody; unless there is no other, when the reason is told later. */
function withLabels(files: readonly NamedFile[], notes: string[]): readonly NamedFile[] {
  const empty = files.filter(({ annotations }) => !annotations.people.some(hasLabels));
  if (empty.length === 0 || empty.length === files.length) return files;
  for (const { name } of empty) notes.push(`${name} is left out: it has no labels`);
  return files.filter((file) => !empty.includes(file));
}

/**
 * Without files that are the union of others: `trainval` beside `train`.
 * @throws DataError where some files tell their half and others do not
 */
function withoutUnions(files: readonly NamedFile[], notes: string[]): HalfFile[] {
  const hasTrain = files.some(({ half }) => half === 'train');
  const left = files.flatMap(({ annotations, name, half }) => {
    if (half !== 'trainval') return [{ annotations, name, half }];
    if (!hasTrain) return [{ annotations, name, half: 'train' as const }];
    notes.push(`${name} is left out: its pictures are in the files of train and val`);
    return [];
  });
  const odd = left.find(({ half }) => half === undefined);
  if (!odd || left.every(({ half }) => half === undefined)) return left;
  throw new DataError(
    `${odd.annotations.file}: its name does not tell whether it trains or tests, as those beside it do; say which files to ` +
      'take with --train FILE --test FILE',
  );
}

/** Paths of the pictures of both halves. @throws DataError where one is in two files that must not share it */
async function locate(halves: Record<Half, readonly Member[]>, folder: string) {
  const located = new Map<Annotations, ReadonlyMap<Id, string>>();
  const members = [...halves.train, ...halves.test].filter(({ person }) => isTrainable(person));
  for (const annotations of new Set(members.map((member) => member.annotations))) {
    const own = members.filter((member) => member.annotations === annotations);
    located.set(annotations, await pictureFiles(annotations, new Set(own.map(({ person }) => person.image)), folder));
  }
  const uses = (['train', 'test'] as const).flatMap((half) =>
    [...located].map(([annotations, paths]): PictureUse => {
      const own = halves[half].filter((member) => member.annotations === annotations && isTrainable(member.person));
      return {
        file: annotations.file,
        half,
        paths: new Set(own.map(({ person }) => paths.get(person.image) as string)),
      };
    }),
  );
  checkDisjoint(uses);
  return located;
}

/** What a file counts as labels, as COCO's num_keypoints, is the metric's business. */
const hasLabels = ({ keypoints }: Annotation): boolean => keypoints.some((v, i) => i % 3 === 2 && v > 0);

const isTrainable = (person: Annotation): boolean => !person.crowd && hasLabels(person);

function personOf(
  { annotations, person }: Member,
  paths: ReadonlyMap<Annotations, ReadonlyMap<Id, string>>,
  leftOut: Tally,
): AnnotatedPerson | undefined {
  const { size } = annotations.pictures.get(person.image) ?? {};
  const box = frameOf(person, size);
  if (person.crowd) leftOut.add('crowds');
  else if (!isTrainable(person)) leftOut.add('people without a labelled joint');
  else if (!box) leftOut.add('people whose box has no extent in the picture');
  else {
    const { padding, spatial, headBox } = person;
    return {
      id: nameOf(person, annotations),
      path: paths.get(annotations)?.get(person.image) as string,
      ...{ size, box, padding, spatial, headBox, ...jointsOf(person.keypoints) },
    };
  }
  return undefined;
}

/** Of all that is known of people but where their pictures lie. */
function digestOf(parts: Record<Half, readonly AnnotatedPerson[]>): string {
  const hash = createHash('sha256');
  for (const half of ['train', 'test'] as const) {
    for (const { path: _, joints, weights, ...person } of parts[half]) {
      hash.update(JSON.stringify({ half, ...person, joints: Array.from(joints), weights: Array.from(weights) }));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** The schema of all files. @throws DataError naming two that differ */
function commonSchema(files: readonly Annotations[]): JointSchema {
  const [first, ...others] = files.map(schemaOf);
  const other = others.findIndex((schema) => !haveSameJoints(schema, first));
  if (other < 0) return first;
  throw new DataError(
    `${files[other + 1].file}: its joints are ${namesOf(others[other])}, those of ${files[0].file} ${namesOf(first)}; ` +
      'expected the same joints in all files',
  );
}

const namesOf = ({ joints }: JointSchema): string =>
  `${joints.slice(0, 4).join(', ')}${joints.length > 4 ? `, ... (${joints.length})` : ''}`;
