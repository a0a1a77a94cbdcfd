import { Command } from 'commander';
import sharp from 'sharp';
import { DataError } from 'wgrad';
import { parseCheckpoint, parseSafetensors } from 'wgrad/io';
import { parseBenchReport } from 'wgrad/testing';
import { NAMINGS } from '../src/checkpoints/namings.js';
import { formatPoseCheckpoint, poseCheckpointOf } from '../src/checkpoints/poseCheckpoint.js';
import { expandConfig, takesConfig } from '../src/cli/configFile.js';
import { resultsOf } from '../src/coco/results.js';
import { boxTableAnnotations } from '../src/datasets/boxes.js';
import { cvatAnnotations } from '../src/datasets/cvat.js';
import { jsonAnnotations } from '../src/datasets/jsonAnnotations.js';
import { matAnnotations } from '../src/datasets/matAnnotations.js';
import { Tally } from '../src/datasets/tally.js';
import { yoloForm, yoloPeople, yoloSplits } from '../src/datasets/yoloLabels.js';
import { type MatValue, readMat5 } from '../src/formats/mat5.js';
import { readZipRecords, type ZipRecords } from '../src/formats/torch/zipRecords.js';
import { parseWeightsFile } from '../src/formats/weightsFile.js';
import { parseXml } from '../src/formats/xml.js';
import { yoloValue } from '../src/node/datasets/yoloFolder.js';
import { decodeImage } from '../src/node/images.js';
import { poses3dOf } from '../src/poses3d.js';
import { boxesOfJson } from '../src/predict/imageBoxes.js';
import { schemaOfValue } from '../src/schemas/schemaFile.js';
import { savedRunOf } from '../src/train/checkpointing.js';
import { zip } from '../test/formats/torchBytes.js';
import mpii from '../test/golden/mpii_mat.json' with { type: 'json' };
import oracles from '../test/golden/pose_oracles.json' with { type: 'json' };
import { json, throughFile } from './files.js';
import type { Parser } from './verdict.js';
import {
  metadataTexts,
  nameTexts,
  networkOfMetadata,
  networkOfNames,
  safetensorsFiles,
  torchFiles,
} from './weightsSeeds.js';

const base64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const joints = [10, 20, 2, 30, 40, 1, 0, 0, 0];
const person = { id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 50, 60], area: 900, iscrowd: 0, num_keypoints: 2 };
const truth = {
  images: [
    { id: 1, file_name: 'a/000001.jpg', width: 100, height: 90 },
    { id: 2, file_name: 'b/000001.jpg', width: 100, height: 90 },
  ],
  categories: [{ id: 1, name: 'person', keypoints: ['nose', 'left_eye', 'right_eye'], skeleton: [[1, 2]] }],
  annotations: [
    { ...person, keypoints: joints },
    { ...person, id: 2, image_id: 2, keypoints: joints },
  ],
};
const results = [{ image_id: 1, category_id: 1, keypoints: joints, score: 0.5, bbox: [1, 2, 50, 60] }];
const boxes = [{ file: 'a.jpg', box: [1, 2, 50, 60], keypoints: Array(17).fill([5, 6, 2]).flat(), split: 'train' }];
const mpiiList = [
  { image: 'a.jpg', center: [50, 60], scale: 1.2, joints: Array(16).fill([5, 6]), joints_vis: Array(16).fill(1) },
];
const measurements = {
  ...{ device: 'a', runtime: 'b', clock: 'host', ceilings: { gflops: 9, gbs: 8 }, failures: ['c'] },
  rows: [
    {
      ...{ op: 'add', name: '[8]', checked: 'a sample', min: 1, p50: 2, p99: 3, samples: 9, repeats: 4 },
      ...{ gflops: 1, gbs: 5, ofFma: 0.1, ofCopy: 0.6 },
    },
  ],
};
const lspList = { items: [{ file: 'a.jpg', split: 'train', xy: Array(14).fill([3, 4]), width: 9, height: 9 }] };

const faces = {
  images: [{ id: 0, file_name: 'a.jpg' }],
  categories: [{ id: 0, name: 'face', keypoints: [], skeleton: [[0, 1]] }],
  annotations: [
    { id: 0, image_id: 0, category_id: 0, center: [5, 6], scale: 0.1, keypoints: [[5, 6], [7, 8, 1], null] },
  ],
};
const shape = { label: 'tip', points: [[3, 4]], shape_type: 'point', group_id: 1, flags: { occluded: true } };
const labelme = {
  shapes: [
    shape,
    {
      ...shape,
      label: 'hand',
      points: [
        [1, 2],
        [8, 9],
        [1, 9],
      ],
      shape_type: 'polygon',
    },
  ],
  ...{ imagePath: '..\\a.jpg', imageWidth: 40, imageHeight: 30 },
};
const place = { original_width: 40, original_height: 30, image_rotation: 0 };
const tip = { x: 5, y: 6, width: 1, keypointlabels: ['tip'] };
const around = { x: 1, y: 2, width: 30, height: 40, rotation: 5, rectanglelabels: ['hand'] };
const labelStudio = [
  {
    data: { image: '/data/local-files/?d=a%20b.jpg' },
    annotations: [
      {
        was_cancelled: false,
        result: [
          { ...place, id: 'a', type: 'keypointlabels', parentID: 'b', value: tip },
          { ...place, id: 'b', type: 'rectanglelabels', value: around },
          { type: 'relation', from_id: 'a', to_id: 'b' },
        ],
      },
    ],
  },
];
const labelStudioShort = [{ image: 's3://x/a.jpg', points: [{ ...place, ...tip }], boxes: [{ ...place, ...around }] }];
const CVAT = `<?xml version="1.0"?><annotations><image id="0" name="a.jpg" width="40" height="30"><skeleton label="hand" group_id="1">
<points label="tip" outside="0" occluded="1" points="3,4"/></skeleton><box label="hand" xtl="1" ytl="2" xbr="8" ybr="9" group_id="1"/>
<points label="x" points="1,2;3,4"/><polygon label="y" points="1,2;3,4;5,6"/></image></annotations>`;

const zipped = Promise.all(torchFiles('zip').map((bytes) => readZipRecords(bytes, 'seed')));
const pickleOf = (records: ZipRecords) => [...records].find(([name]) => name.endsWith('/data.pkl'))?.[1] as Uint8Array;

/** Everything in a value of a MAT file, to the last member. */
function walk(value: MatValue | undefined): void {
  if (value?.kind !== 'members') return;
  for (let i = 0; i < value.length; i++) for (const field of value.fields) walk(value.at(i, field));
}

const picture = (format: 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif') =>
  sharp({ create: { width: 9, height: 7, channels: 3, background: '#804020' } })
    .toFormat(format)
    .toBuffer();

const training = () => {
  const program = new Command('wgrad-pose');
  const command = program.command('train').option('--seed <n>').option('--flip-test').option('--milestones <list>');
  takesConfig(command);
  return program;
};

/** Every reader of files from outside; one more is one more row. */
export const PARSERS: readonly Parser[] = [
  { name: 'safetensors', seeds: safetensorsFiles, parse: (bytes) => parseSafetensors(bytes, 'fuzz') },
  { name: 'torch', seeds: () => torchFiles('zip'), parse: (bytes) => parseWeightsFile(bytes, 'fuzz') },
  { name: 'torchLegacy', seeds: () => torchFiles('legacy'), parse: (bytes) => parseWeightsFile(bytes, 'fuzz') },
  {
    // A zip's checksums would hide what a changed pickle does. The first byte tells the file whose storages go with it.
    name: 'pickle',
    seeds: async () => (await zipped).map((records, i) => Buffer.concat([Buffer.of(i), pickleOf(records)])),
    parse: async (bytes) => {
      const all = await zipped;
      const records = [...all[(bytes[0] ?? 0) % all.length]];
      const changed = records.map(([name, data]) => ({
        name,
        data: name.endsWith('/data.pkl') ? bytes.slice(1) : data,
      }));
      return parseWeightsFile(zip(changed), 'fuzz');
    },
  },
  {
    name: 'metadata',
    seeds: metadataTexts,
    parse: json(async (content) => {
      const { bytes, checkpoint } = await networkOfMetadata(content);
      for (const { name } of NAMINGS) formatPoseCheckpoint(checkpoint, name);
      return savedRunOf(parseCheckpoint(bytes, 'fuzz'), 'fuzz');
    }),
  },
  {
    name: 'names',
    seeds: nameTexts,
    parse: json((content) => {
      const checkpoint = poseCheckpointOf(networkOfNames(content), 'fuzz');
      for (const { name } of NAMINGS) formatPoseCheckpoint(checkpoint, name);
    }),
  },
  {
    name: 'mat',
    seeds: () => [oracles.mat_plain, oracles.mat_compressed, mpii.plain, mpii.compressed].map(base64),
    parse: async (bytes) => {
      for (const value of (await readMat5(bytes, 'fuzz.mat')).values()) walk(value);
      return matAnnotations(bytes, 'fuzz.mat');
    },
  },
  {
    name: 'annotations',
    seeds: () => [truth, boxes, mpiiList, lspList, faces].map((content) => JSON.stringify(content)),
    parse: json(jsonAnnotations),
  },
  {
    name: 'labellingTools',
    seeds: () => [labelme, labelStudio, labelStudioShort].map((content) => JSON.stringify(content)),
    parse: json(jsonAnnotations),
  },
  {
    name: 'cvat',
    seeds: () => [CVAT],
    parse: async (bytes) => cvatAnnotations(await parseXml(text(bytes), 'fuzz.xml'), 'fuzz.xml'),
  },
  {
    name: 'yolo',
    seeds: () => ['path: ..\ntrain: [a, b]\nval: c.txt\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\nnames: {0: person}\n'],
    parse: throughFile('.yaml', async (path) => {
      const value = await yoloValue(path);
      if (value === undefined) throw new DataError(`${path}: no data set`);
      return [yoloForm(value, path), yoloSplits(value, path), schemaOfValue(value, path)];
    }),
  },
  {
    name: 'yoloLabels',
    seeds: () => ['0 0.5 0.5 0.2 0.3 0.1 0.2 2 0.3 0.4 0\n1 0.5 0.5 0.2 0.3 0.1 0.2 2 0.3 0.4 1\n'],
    parse: (bytes) => {
      const form = yoloForm({ kpt_shape: [2, 3], names: ['person', 'dog'] }, 'fuzz.yaml');
      return yoloPeople(text(bytes), 'fuzz.txt', [40, 30], form, new Tally());
    },
  },
  {
    name: 'results',
    seeds: () => [JSON.stringify({ truth, results })],
    parse: json((content, file) => {
      const { truth: labels, results: list } = (content ?? {}) as { truth?: unknown; results?: unknown };
      return resultsOf(list, file, jsonAnnotations(labels, file), {});
    }),
  },
  { name: 'detections', seeds: () => [JSON.stringify(results), JSON.stringify(truth)], parse: json(boxesOfJson) },
  { name: 'poses3d', seeds: () => ['[[[1,2,3],null,[4,5,6]],[[1,2,3],[0,0,0],null]]'], parse: json(poses3dOf) },
  {
    name: 'bench',
    seeds: () => [JSON.stringify(measurements)],
    parse: (bytes) => parseBenchReport(text(bytes), 'fuzz.json'),
  },
  {
    name: 'csv',
    seeds: () => ['file,x,y,width,height,split\na.jpg,1,2,30,40,train\n"b ""c"".jpg",1,2,30,40,test\n'],
    parse: (bytes) => boxTableAnnotations(text(bytes), 'fuzz.csv'),
  },
  {
    name: 'config',
    seeds: () => ['{"seed": 3, "milestones": [1, 2], "flip-test": true}'],
    parse: throughFile('.json', (path) => expandConfig(training(), ['node', 'wgrad-pose', 'train', '--config', path])),
  },
  {
    name: 'pictures',
    seeds: () => Promise.all((['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const).map(picture)),
    // A picture within the usual limit may take more than a reader of so small files should.
    parse: throughFile('.jpg', (path) => decodeImage(path, { maxPixels: 1e6 })),
  },
];

/** The parser of a name. @throws DataError with those that there are */
export function parserCalled(name: string, parsers: readonly Parser[] = PARSERS): Parser {
  const found = parsers.find((parser) => parser.name === name);
  if (found) return found;
  throw new DataError(`${name}: no such parser; there are ${parsers.map((parser) => parser.name).join(', ')}`);
}
