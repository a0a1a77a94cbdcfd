import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { coco17, crowdpose14 } from '../../src/schema.js';
import { mpii16 } from '../../src/schemas/mpii16.js';
import { folderOf, SIZE } from './folders.js';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function open(files: Readonly<Record<string, unknown>>) {
  folders.push(await folderOf(files));
  return openDataset({ data: folders[folders.length - 1], figures: 0 });
}

const place = (k: number) => [5 + (k % 20), 8 + (k % 7)];
const numbered = (count: number) => Array.from({ length: count }, (_, k) => `${k + 1}`);

const JHMDB = [
  ...['neck', 'belly', 'head', 'right_shoulder', 'left_shoulder', 'right_hip', 'left_hip', 'right_elbow'],
  ...['left_elbow', 'right_knee', 'left_knee', 'right_wrist', 'left_wrist', 'right_ankle', 'left_ankle'],
];
const H36M = [
  ...[
    'root (pelvis)',
    'left_hip',
    'left_knee',
    'left_foot',
    'right_hip',
    'right_knee',
    'right_foot',
    'spine',
    'thorax',
  ],
  ...['neck_base', 'head', 'left_shoulder', 'left_elbow', 'left_wrist', 'right_shoulder', 'right_elbow', 'right_wrist'],
];
const ANIMAL = [
  ...['left_eye', 'right_eye', 'nose', 'neck', 'root_of_tail', 'left_shoulder', 'left_elbow', 'left_front_paw'],
  ...['right_shoulder', 'right_elbow', 'right_front_paw', 'left_hip', 'left_knee', 'left_back_paw', 'right_hip'],
  ...['right_knee', 'right_back_paw'],
];

/** What a sample set of mmpose's has otherwise than COCO's annotations. */
interface Sample {
  readonly joints: number;
  readonly names?: readonly string[];
  /** Fields of the annotation; undefined takes one out. */
  readonly annotation?: Readonly<Record<string, unknown>>;
  readonly image?: Readonly<Record<string, unknown>>;
  readonly category?: Readonly<Record<string, unknown>>;
  /** Fields of the file. */
  readonly file?: Readonly<Record<string, unknown>>;
}

const FACE = { center: [20, 15], scale: 0.1, box_size: 20 };

const SAMPLES: Readonly<Record<string, Sample>> = {
  '300vw': { joints: 68, annotation: { ...FACE, bbox: undefined, segmentation: [] } },
  '300w': { joints: 68, annotation: FACE },
  '300wlp': { joints: 68, annotation: FACE },
  aflw: { joints: 19, annotation: FACE, category: { keypoints: [], skeleton: [] } },
  aic: { joints: 14, names: numbered(14) },
  animalkingdom: {
    joints: 23,
    names: numbered(23),
    category: {
      skeleton: [
        [1, 0],
        [2, 0],
      ],
      flip_pairs: [[1, 2]],
    },
  },
  animalpose: { joints: 20, names: numbered(20) },
  ap10k: { joints: 17, names: ANIMAL },
  atrw: { joints: 15, names: numbered(15) },
  carfusion: {
    joints: 14,
    names: numbered(14).map((_, k) => `${k}`),
    category: {
      skeleton: [
        [0, 2],
        [1, 3],
      ],
    },
  },
  coco: { joints: 17, names: coco17.joints },
  coco_wholebody: { joints: 17, names: coco17.joints, annotation: { foot_kpts: [1, 2, 2], face_valid: true } },
  cofw: { joints: 29 },
  crowdpose: { joints: 14, names: crowdpose14.joints, annotation: { area: undefined } },
  deepfashion2: { joints: 294, names: numbered(294) },
  exlpose: { joints: 14, names: numbered(14) },
  fld: { joints: 8, names: numbered(8) },
  fly: { joints: 32, names: numbered(32) },
  freihand: { joints: 21, file: { categories: undefined, licenses: '' } },
  h36m: { joints: 17, names: H36M, annotation: { keypoints_3d: [0, 0, 1, 1] }, category: { skeleton: [[0, 1]] } },
  halpe: { joints: 136 },
  horse10: { joints: 22, names: numbered(22) },
  humanart: { joints: 17, names: coco17.joints, annotation: { keypoints_21: [1, 2, 2], description: 'x' } },
  jhmdb: {
    joints: 15,
    names: JHMDB,
    annotation: { area: undefined, iscrowd: undefined, num_keypoints: undefined, scores: [] },
  },
  lapa: { joints: 106, names: numbered(106) },
  locust: { joints: 35, names: numbered(35) },
  macaque: { joints: 17, names: coco17.joints },
  mhp: { joints: 16, names: mpii16.joints.map((name) => name) },
  'mpii-trb': {
    joints: 40,
    names: numbered(40),
    annotation: { bbox: undefined, num_joints: 38, center: [2, 3], scale: 0.01 },
  },
  ochuman: { joints: 17, names: coco17.joints },
  onehand10k: { joints: 21, names: numbered(21) },
  'panoptic hand': { joints: 21, annotation: { head_size: 9 } },
  posetrack18: { joints: 17, names: ANIMAL.map((name) => `${name}_`), annotation: { iscrowd: false, track_id: 0 } },
  rhd: { joints: 21, annotation: { area: undefined } },
  wflw: { joints: 98, annotation: FACE },
  ubody3d: {
    joints: 137,
    annotation: { keypoints: Array.from({ length: 137 }, (_, k) => place(k)), num_keypoints: 9, scale: [6.6, 8.8] },
  },
  zebra: { joints: 9, names: numbered(9) },
  'pairs [x, y]': { joints: 5, annotation: { keypoints: Array.from({ length: 5 }, (_, k) => place(k)) } },
  'lists [x, y, v]': { joints: 5, annotation: { keypoints: Array.from({ length: 5 }, (_, k) => [...place(k), 2]) } },
  'ids in texts, from 0, without sizes': {
    joints: 5,
    annotation: { id: '0', category_id: 0, image_id: '1' },
    image: { id: '1', width: undefined, height: undefined },
    category: { id: 0 },
  },
};

function fileOf({ joints, names, annotation, image, category, file }: Sample, id: number) {
  const [width, height] = SIZE;
  return {
    images: [{ id, file_name: `set/${id}.png`, width, height, ...image }],
    categories: [{ id: 1, name: 'thing', ...(names && { keypoints: names }), ...category }],
    annotations: [
      {
        ...{ id, image_id: id, category_id: 1, iscrowd: 0, area: 300, num_keypoints: joints, bbox: [3, 4, 21, 16] },
        keypoints: Array.from({ length: joints }, (_, k) => [...place(k), k % 2 ? 1 : 2]).flat(),
        ...annotation,
      },
    ],
    ...file,
  };
}

describe("mmpose's sample sets", () => {
  test.each(Object.entries(SAMPLES))('%s trains', async (name, sample) => {
    const set = await open({ 'annotations/sample.json': fileOf(sample, 1), 'images/set/1.png': null });
    expect(set.schema.joints).toHaveLength(sample.joints);
    if (sample.names) expect(set.schema.joints.map(String)).toEqual(sample.names);
    const { joints, weights, box } = await set.train.sample(0);
    expect(weights.every((weight) => weight === 1)).toBe(true);
    const moved = name === 'jhmdb' ? 1 : 0;
    expect(Array.from(joints.subarray(6, 8))).toEqual(place(3).map((value) => value - moved));
    const boxes: Readonly<Record<string, readonly number[]>> = {
      '300vw': [10, 5, 20, 20],
      // The square of this scale holds no joint, so that the box is around the joints.
      'mpii-trb': [5, 8, 19, 6],
      jhmdb: [2, 3, 20, 15],
    };
    expect(box).toEqual(boxes[name] ?? [3, 4, 20, 15]);
  });

  test('squares of another scale are counted', async () => {
    const set = await open({ 'annotations/trb.json': fileOf(SAMPLES['mpii-trb'], 1), 'images/set/1.png': null });
    expect(set.notes?.join()).toMatch(/1 square of center and scale with fewer than half of the joints in them/);
  });

  test.each([
    [
      'interhand2.6m',
      {
        images: [{ id: 1, file_name: 'a.png' }],
        annotations: [{ id: 1, image_id: 1, bbox: [1, 2, 3, 4], joint_valid: [[1]], hand_type: 'left' }],
      },
      /joints in space, in a file of their own, are not read/,
    ],
    [
      'panoptic body',
      { version: 0.7, univTime: 1, bodies: [{ id: 0, joints19: [1, 2, 3, 0.5] }] },
      /joints in space, without pictures/,
    ],
    ['OpenPose', { version: 1.3, people: [{ pose_keypoints_2d: [1, 2, 0.5] }] }, /OpenPose's results of one picture/],
    ['a calibration', { '0': { camera: {} } }, /annotations of an unknown form/],
  ])('%s is refused', async (_, content, message) => {
    const { jsonAnnotations } = await import('../../src/datasets/jsonAnnotations.js');
    expect(() => jsonAnnotations(content, 'x.json')).toThrow(message);
  });

  test('mpii is a list, whose pixels count from 1', async () => {
    const person = {
      ...{ image: 'set/1.png', center: [21, 11], scale: 0.1, joints_vis: mpii16.joints.map(() => 1) },
      joints: mpii16.joints.map((_, k) => [k + 5, 9]),
    };
    const set = await open({ 'test_mpii.json': [person], 'images/set/1.png': null });
    expect([set.schema, (await set.train.sample(0)).joints[0]]).toEqual([mpii16, 4]);
  });
});
