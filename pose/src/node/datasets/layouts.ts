import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from './annotated.js';
import { isLabelmeFolder } from './labelmeFolder.js';

/** Where annotation files lie in a folder. */
interface Layout {
  readonly looksFor: string;
  /** Its files, by their paths inside the folder; none if the folder is of another kind. */
  readonly files: (folder: string) => Promise<string[]>;
  /** Its files are found by their extension alone, so that some may be something else. */
  readonly isGuess?: boolean;
}

/** Folders of annotation files beside their pictures'. */
const PLACES = ['', 'annotations', 'annot'];
/** Halves in folders of their own, as exports have them. */
const HALVES = ['train', 'valid', 'val', 'test'];

const LSP = ['joints.json', 'joints.mat'];
const COCO = /^(person_keypoints|crowdpose)_.+\.json$/;
const H36M = /^Sample_\d+_(train|test)_Human36M_protocol_\d\.json$/;
/** The authors' file, in the folder that its archive unpacks to, beside the pictures' or above. */
const MPII = [...PLACES, 'mpii_human_pose_v1_u12_2'].map((place) => join(place, 'mpii_human_pose_v1_u12_1.mat'));

/** Ultralytics' file; other programs give it other names. */
const YOLO = /^(data|dataset)\.ya?ml$/i;

const LAYOUTS: readonly Layout[] = [
  {
    looksFor: "data.yaml (YOLO's)",
    files: async (folder) => (await matching(folder, [''], YOLO)).slice(0, 1),
    isGuess: true,
  },
  {
    looksFor: "joints.json or joints.mat (LSP's form)",
    files: async (folder) => (await existing(folder, LSP)).slice(0, 1),
  },
  {
    looksFor: "person_keypoints_*.json or crowdpose_*.json, perhaps in annotations/ (COCO's)",
    files: (folder) => matching(folder, PLACES, COCO),
  },
  {
    looksFor: "Sample_*_{train,test}_Human36M_protocol_*.json in annotations/ (Human3.6M's)",
    files: async (folder) => {
      const files = await matching(folder, PLACES, H36M);
      return ['_train_', '_test_'].flatMap((half) => files.find((file) => file.includes(half)) ?? []);
    },
  },
  {
    looksFor: "labelme's .json of each picture, there or in folders below",
    files: async (folder) => ((await isLabelmeFolder(folder)) ? ['.'] : []),
  },
  {
    looksFor:
      "boxes.csv, annotations.xml (CVAT's), or any .json of annotations, there or in annotations/, annot/, train/, valid/, val/, test/",
    files: (folder) => matching(folder, [...PLACES, ...HALVES], /(^boxes\.csv|^annotations\.xml|\.json)$/i),
    isGuess: true,
  },
  { looksFor: "mpii_human_pose_v1_u12_1.mat (MPII's)", files: (folder) => existing(folder, MPII) },
];

/** What `annotationFiles` looks for, in words. */
export const LOOKED_FOR = LAYOUTS.map(({ looksFor }) => looksFor).join('; ');

/** Files that may hold annotations, by their paths inside a folder. */
export interface Candidates {
  readonly files: readonly string[];
  readonly isGuess: boolean;
}

/** The files of a folder that may hold annotations, layout by layout; of those with annotations in them the first counts. */
export async function annotationFiles(folder: string): Promise<Candidates[]> {
  const found = await Promise.all(
    LAYOUTS.map(async ({ files, isGuess = false }) => ({ files: await files(folder), isGuess })),
  );
  return found.filter(({ files }) => files.length > 0);
}

async function existing(folder: string, files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(files.map((file) => exists(join(folder, file))));
  return files.filter((_, i) => found[i]);
}

async function matching(folder: string, places: readonly string[], pattern: RegExp): Promise<string[]> {
  const lists = await Promise.all(
    places.map(async (place) => {
      const names = await readdir(join(folder, place)).catch(() => []);
      return names.filter((name) => pattern.test(name)).map((name) => join(place, name));
    }),
  );
  return lists.flat().sort();
}
