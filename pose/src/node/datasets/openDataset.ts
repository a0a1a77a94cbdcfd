import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { DataError } from 'wgrad';
import type { PoseDataset, PoseSplit } from '../../dataset.js';
import { relabelled } from '../../datasets/relabelled.js';
import { figures } from '../../figures/figures.js';
import type { JointSchema } from '../../schema.js';
import { h36m18, MPII_TO_H36M } from '../../schemas/h36m18.js';
import { haveSameJoints } from '../../schemas/known.js';
import { mpii16 } from '../../schemas/mpii16.js';
import type { TrainConfig } from '../../train/config.js';
import type { DataSource } from '../../train/dataSource.js';
import { type DataFiles, openFolder } from './openFolder.js';
import { testedSamples } from './pictureCopies.js';

/** Held-out pictures of the generated data set, unless it is smaller itself. */
const TEST_FIGURES = 500;

/** What an epoch has of figures that never repeat. */
const STREAMED_FIGURES = 4000;

/** What of a configuration tells its data. */
export type DataConfig = Pick<TrainConfig, 'data' | 'figures'> & Partial<DataSource>;

const filesOf = (text: string): string[] => text.split(',').filter(Boolean);

/** That alone, for another thread. */
function sourceOf({
  data,
  figures: count,
  train,
  test,
  images,
  orientation,
  maxPixels,
  skipBroken,
}: DataConfig): DataConfig {
  return { data, figures: count, train, test, images, orientation, maxPixels, skipBroken };
}

/**
 * The data set of a configuration. Of several folders, separated by commas, all train and the first one's test half tests;
 * both halves of the others train, since what they hold out is nobody's test. MPII's joints join Human3.6M's. A picture that
 * tests does not train, under another name neither: what would train is left out (see `testedSamples`).
 * @param leftOut the samples of the training half that are, where another thread has found them already
 * @throws DataError if a folder is missing or not a data set, or if the joints of two differ
 */
export async function openDataset(config: DataConfig, leftOut?: readonly number[]): Promise<PoseDataset> {
  const { data, train } = config;
  if (data === null && !train) return generated(config);
  const found = data === null || train ? await openNamed(config) : await openFolders(data.split(','), config);
  const { indices, note } = leftOut ? { indices: leftOut } : await testedSamples(found);
  const origin = { module: import.meta.url, name: 'openDataset', args: [sourceOf(config), indices] };
  return {
    ...found,
    ...(note && { notes: [...(found.notes ?? []), note] }),
    train: { ...withoutSamples(found.train, indices), origin: { ...origin, part: 'train' } },
    test: { ...found.test, origin: { ...origin, part: 'test' } },
  };
}

function generated({ figures: count }: DataConfig): PoseDataset {
  if (count === 'stream') return figures({ train: STREAMED_FIGURES, test: TEST_FIGURES, endless: true });
  return figures({ train: count, test: Math.min(count, TEST_FIGURES) });
}

/** How the files of a configuration are read. */
function readingOf({ images, orientation, maxPixels, skipBroken = 0 }: DataConfig): DataFiles {
  return {
    ...{ ...(images && { images }), ...(orientation && { orientation }), ...(maxPixels && { maxPixels }) },
    lenient: skipBroken > 0,
  };
}

function openNamed(config: DataConfig): Promise<PoseDataset> {
  return openFolder({ ...readingOf(config), train: filesOf(config.train ?? ''), test: filesOf(config.test ?? '') });
}

/** @throws DataError where one is named twice, and as `openFolder` */
async function openFolders(folders: readonly string[], config: DataConfig): Promise<PoseDataset> {
  const twice = folders.find((folder, i) => folders.slice(0, i).some((other) => resolve(other) === resolve(folder)));
  if (twice !== undefined) throw new DataError(`--data ${config.data}: ${twice} stands there twice; name it once`);
  const open = async (folder: string) => openFolder({ ...readingOf(config), ...(await filesAt(folder)) });
  const [first, ...others] = await Promise.all(folders.map(open));
  if (others.length === 0) return first;
  const splits = [first.train, ...others.flatMap((other) => splitsAs(first.schema, other, config.data as string))];
  return {
    ...first,
    name: folders.map((folder) => basename(folder)).join('+'),
    notes: [first, ...others].flatMap(({ name, notes = [] }) => notes.map((note) => `${name}: ${note}`)),
    digest: [first, ...others].map(({ digest }) => digest).join('+'),
    mirrorable: [first, ...others].every(({ mirrorable }) => mirrorable),
    train: concatenated(splits),
  };
}

/** Both halves of a data set, with the joints of a schema. */
function splitsAs(schema: JointSchema, { name, schema: own, train, test }: PoseDataset, data: string): PoseSplit[] {
  if (haveSameJoints(own, schema)) return [train, test];
  if (own === mpii16 && schema === h36m18) return [train, test].map((split) => relabelled(split, MPII_TO_H36M));
  throw new DataError(`--data ${data}: ${name} has the joints ${own.name}, the first data set has ${schema.name}`);
}

/** The folder of a data set, or its `data.yaml`. @throws DataError where it is neither */
async function filesAt(path: string): Promise<DataFiles> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return { folder: path };
  if (found && /\.ya?ml$/i.test(path)) return { train: [path], folder: dirname(path) };
  throw new DataError(
    `--data ${path}: ${found ? 'not a folder' : 'no such folder'}; give the folder of a data set, or name its files with --train FILE`,
  );
}

function concatenated(splits: readonly PoseSplit[]): PoseSplit {
  return {
    length: splits.reduce((sum, { length }) => sum + length, 0),
    paths: splits.flatMap(({ paths = [] }) => paths),
    sample(index) {
      let rest = index;
      for (const split of splits) {
        if (rest < split.length) return split.sample(rest);
        rest -= split.length;
      }
      throw new DataError(`sample ${index} does not exist`);
    },
  };
}

function withoutSamples(split: PoseSplit, indices: readonly number[]): PoseSplit {
  if (indices.length === 0) return split;
  const without = new Set(indices);
  const kept = Array.from({ length: split.length }, (_, i) => i).filter((i) => !without.has(i));
  return { length: kept.length, sample: (index) => split.sample(kept[index]) };
}
