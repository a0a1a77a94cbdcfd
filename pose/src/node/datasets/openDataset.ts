import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError } from 'wgrad';
import type { PoseDataset, PoseSplit } from '../../dataset.js';
import { relabelled } from '../../datasets/relabelled.js';
import { figures } from '../../figures/figures.js';
import type { JointSchema } from '../../schema.js';
import { h36m18, MPII_TO_H36M } from '../../schemas/h36m18.js';
import { haveSameJoints } from '../../schemas/known.js';
import { mpii16 } from '../../schemas/mpii16.js';
import type { TrainConfig } from '../../train/config.js';
import { exists } from './annotated.js';
import { boxed, boxesFile } from './boxes.js';
import { coco, cocoFiles } from './coco.js';
import { h36m, h36mFiles } from './h36m.js';
import { lsp } from './lsp.js';
import { mpii, mpiiFiles } from './mpii.js';

/** Held-out pictures of the generated data set, unless it is smaller itself. */
const TEST_FIGURES = 500;

/** A form of data sets: how a folder of it is recognised, and what reads it. */
interface Form {
  readonly looksFor: string;
  readonly isOf: (folder: string) => Promise<boolean>;
  readonly open: (folder: string) => Promise<PoseDataset>;
}

const FORMS: readonly Form[] = [
  {
    looksFor: "joints.json or joints.mat (LSP's form)",
    isOf: async (folder) => (await exists(join(folder, 'joints.json'))) || exists(join(folder, 'joints.mat')),
    open: lsp,
  },
  {
    looksFor: "person_keypoints_*.json or crowdpose_*.json, perhaps in annotations/ (COCO's)",
    isOf: async (folder) => (await cocoFiles(folder)).length > 0,
    open: coco,
  },
  {
    looksFor: "Sample_*_{train,test}_Human36M_protocol_*.json in annotations/ (Human3.6M's)",
    isOf: async (folder) => (await h36mFiles(folder)) !== undefined,
    open: h36m,
  },
  {
    looksFor: "train.json and valid.json, perhaps in annot/, or mpii_human_pose_v1_u12_1.mat (MPII's)",
    isOf: async (folder) => (await mpiiFiles(folder)) !== undefined,
    open: mpii,
  },
  {
    looksFor: 'boxes.json or boxes.csv (pictures with boxes and keypoints)',
    isOf: async (folder) => (await boxesFile(folder)) !== undefined,
    open: boxed,
  },
];

/**
 * The data set of a configuration. Of several folders, separated by commas, all train and the first one's test half tests;
 * both halves of the others train, since what they hold out is nobody's test. MPII's joints join Human3.6M's.
 * @throws DataError if a folder is missing or not a data set, or if the joints of two differ
 */
export async function openDataset({
  data,
  figures: train,
}: Pick<TrainConfig, 'data' | 'figures'>): Promise<PoseDataset> {
  if (data === null) return figures({ train, test: Math.min(train, TEST_FIGURES) });
  const [first, ...others] = await Promise.all(data.split(',').map(openFolder));
  if (others.length === 0) return first;
  const splits = [first.train, ...others.flatMap((other) => splitsAs(first.schema, other, data))];
  return {
    ...first,
    name: data
      .split(',')
      .map((folder) => basename(folder))
      .join('+'),
    mirrorable: [first, ...others].every(({ mirrorable }) => mirrorable),
    train: {
      ...concatenated(splits),
      origin: { module: import.meta.url, name: 'openDataset', args: [{ data, figures: train }], part: 'train' },
    },
  };
}

/** Both halves of a data set, with the joints of a schema. */
function splitsAs(schema: JointSchema, { name, schema: own, train, test }: PoseDataset, data: string): PoseSplit[] {
  if (haveSameJoints(own, schema)) return [train, test];
  if (own === mpii16 && schema === h36m18) return [train, test].map((split) => relabelled(split, MPII_TO_H36M));
  throw new DataError(`--data ${data}: ${name} has the joints ${own.name}, the first data set has ${schema.name}`);
}

async function openFolder(folder: string): Promise<PoseDataset> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new DataError(
      `--data ${folder}: ${found ? 'not a folder' : 'no such folder'}; give the folder of a data set`,
    );
  }
  for (const form of FORMS) if (await form.isOf(folder)) return form.open(folder);
  throw new DataError(
    `--data ${folder}: no data set of a known form; looked for ${FORMS.map(({ looksFor }) => looksFor).join('; ')}`,
  );
}

function concatenated(splits: readonly PoseSplit[]): PoseSplit {
  return {
    length: splits.reduce((sum, { length }) => sum + length, 0),
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
