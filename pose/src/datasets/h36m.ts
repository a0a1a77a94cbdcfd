import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import { readJsonFile } from 'wgrad/io/node';
import type { Box, PoseDataset, SpatialLabels } from '../dataset.js';
import { H36M_THORAX, h36m18 } from '../schemas/h36m18.js';
import { type AnnotatedPerson, annotatedSplit, boxInPixels, folderWith, imagePath } from './annotated.js';

const ANNOTATIONS = /^Sample_\d+_(train|test)_Human36M_protocol_\d\.json$/;

/** Joints of a file; the thorax, the middle of the shoulders, comes last. */
const STORED = H36M_THORAX;
const SHOULDERS = [11, 14] as const;

/** Takes that the official code leaves out of training and test: their annotation is wrong. */
const BROKEN_TAKES = ['s_09_act_05_subact_02_ca', 's_09_act_10_subact_02_ca', 's_09_act_13_subact_01_ca'];

type Point = readonly [x: number, y: number, z: number];

/** The annotation files of a folder in the form of the official RLE code, by part; undefined unless both are there. */
export async function h36mFiles(folder: string): Promise<{ train: string; test: string } | undefined> {
  for (const place of [join(folder, 'annotations'), folder]) {
    const names = (await readdir(place).catch(() => [])).sort();
    const find = (part: string) => names.find((name) => ANNOTATIONS.exec(name)?.[1] === part);
    const [train, test] = [find('train'), find('test')];
    if (train && test) return { train: join(place, train), test: join(place, test) };
  }
  return undefined;
}

/**
 * Human3.6M (Ionescu et al., PAMI 2014) in the form of the official RLE code: pictures in `images/`, and in `annotations/`
 * `Sample_*_train_Human36M_protocol_*.json` and `..._test_...`, each `{images: [{file_name, width, height}],
 * annotations: [{bbox, keypoints_world: [[x, y, z] x 17], cam_param: {R, t, f, c}}]}`, one annotation to an image. A point of
 * the camera is `R (world - t)`, a pixel `f x / z + c`. Samples have depths, their `spatial` labels, beside pixels.
 *
 * The boxes have room around the person already, so that crops do not pad them. The three takes with a wrong annotation are left out, as the official code does.
 * @throws DataError naming file, annotation and field for whatever is missing or broken
 */
export async function h36m(folder: string): Promise<PoseDataset> {
  const files = await h36mFiles(folder);
  if (!files) throw new DataError(`${folder}: no Sample_*_{train,test}_Human36M_protocol_*.json in its annotations/`);
  const split = async (part: 'train' | 'test') =>
    annotatedSplit(await peopleOf(files[part], folder), {
      schema: h36m18,
      origin: { module: import.meta.url, name: 'h36m', args: [folder], part },
      upright: false,
    });
  const halves = { train: await split('train'), test: await split('test') };
  return { name: 'h36m', schema: h36m18, mirrorable: true, spatial: true, ...halves };
}

async function peopleOf(file: string, folder: string): Promise<AnnotatedPerson[]> {
  const entries = annotated(await readJsonFile(file), file);
  if (entries.length === 0) throw new DataError(`${file}: no images in it`);
  const pictures = await folderWith(entries[0].name, [join(folder, 'images'), folder], file);
  return entries.flatMap(({ name, image, annotation, isBroken }) => {
    if (isBroken) return [];
    const size = [image.integer('width'), image.integer('height')] as const;
    const box = boxInPixels(annotation.numbers('bbox', 4) as unknown as Box, ...size);
    if (!box) throw annotation.error('bbox', `expected a box inside the ${size.join('x')} image`);
    return [{ id: name, path: imagePath(pictures, name, file), size, box, padding: 1, ...project(annotation) }];
  });
}

/** What an annotation file in this form says of one person, without the picture. */
export interface H36mLabels extends Pick<AnnotatedPerson, 'joints' | 'weights'> {
  /** The picture's name in the file. */
  readonly name: string;
  /** The picture's id, where the file has ids. */
  readonly image?: number;
  readonly spatial: SpatialLabels;
}

/** The labels of a file's content, but for the takes that are left out. @throws DataError as `h36m` */
export function h36mLabels(content: unknown, file: string): H36mLabels[] {
  return annotated(content, file).flatMap(({ name, image, annotation, isBroken }) => {
    if (isBroken) return [];
    // The annotation's word counts, as in the official code.
    const [entry, field] = annotation.has('image_id') ? ([annotation, 'image_id'] as const) : ([image, 'id'] as const);
    return [{ name, ...(entry.has(field) && { image: entry.integer(field) }), ...project(annotation) }];
  });
}

function annotated(content: unknown, file: string) {
  const root = new JsonEntry(content, file);
  const [images, annotations] = [root.entries('images'), root.entries('annotations')];
  if (images.length !== annotations.length) {
    throw new DataError(
      `${file}: expected an annotation for each image, got ${annotations.length} for ${images.length}`,
    );
  }
  return images.map((image, i) => {
    const name = image.text('file_name');
    return { name, image, annotation: annotations[i], isBroken: BROKEN_TAKES.some((take) => name.includes(take)) };
  });
}

/** The labels of one annotation: pixels, and depths behind the pelvis. */
function project(entry: JsonEntry): Pick<H36mLabels, 'joints' | 'weights' | 'spatial'> {
  const world = points(entry, 'keypoints_world', STORED);
  const [left, right] = SHOULDERS.map((k) => world[k]);
  world.push([(left[0] + right[0]) / 2, (left[1] + right[1]) / 2, (left[2] + right[2]) / 2]);
  const camera = entry.entry('cam_param');
  const rotation = points(camera, 'R', 3);
  const t = camera.numbers('t', 3);
  const [focal, centre] = (['f', 'c'] as const).map((field) => camera.numbers(field, 2) as unknown as [number, number]);
  const seen = world.map((p) => rotation.map((row) => row.reduce((sum, r, i) => sum + r * (p[i] - t[i]), 0)));
  const rootDepth = seen[0][2];
  if (seen.some(([, , z]) => !(z > 0))) throw entry.error('cam_param', 'expected a camera that all joints are before');
  return {
    joints: Float64Array.from(
      seen.flatMap(([x, y, z]) => [(focal[0] * x) / z + centre[0], (focal[1] * y) / z + centre[1]]),
    ),
    weights: new Float64Array(seen.length).fill(1),
    spatial: { depths: Float64Array.from(seen, ([, , z]) => z - rootDepth), rootDepth, focal, centre },
  };
}

function points(entry: JsonEntry, field: string, count: number): Point[] {
  const list = entry.list(field);
  if (list.length !== count) throw entry.error(field, `expected ${count} points [x, y, z]`);
  return list.map((value, k) => {
    if (Array.isArray(value) && value.length === 3 && value.every(Number.isFinite)) return value as unknown as Point;
    throw entry.error(`${field}[${k}]`, 'expected [x, y, z]', value);
  });
}
