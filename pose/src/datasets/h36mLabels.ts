import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { Box, SpatialLabels } from '../dataset.js';
import { H36M_THORAX, h36m18 } from '../schemas/h36m18.js';
import type { Annotations } from './annotations.js';
import { isRecord } from './isRecord.js';
import { keypointsOf, type ListedPerson, listedPictures, PERSON } from './listedPictures.js';
import type { AnnotatedPerson } from './people.js';
import { Tally } from './tally.js';

/** The number of joints in a file; the thorax, which follows from the shoulders, comes after them. */
const STORED = H36M_THORAX;
const SHOULDERS = [11, 14] as const;

/** Takes that the official code leaves out of training and test: their annotation is wrong. */
const BROKEN_TAKES = ['s_09_act_05_subact_02_ca', 's_09_act_10_subact_02_ca', 's_09_act_13_subact_01_ca'];

type Point = readonly [x: number, y: number, z: number];

/** What an annotation file of this format says about one person, without the picture. */
export interface H36mLabels extends Pick<AnnotatedPerson, 'joints' | 'weights'> {
  /** The picture's name in the file. */
  readonly name: string;
  /** The picture's id, where the file has ids. */
  readonly image?: number;
  readonly spatial: SpatialLabels;
}

/** The labels in a file's content, without the takes that are left out. @throws DataError as `h36m` */
export function h36mLabels(content: unknown, file: string): H36mLabels[] {
  return entriesOf(content, file).flatMap(({ name, image, annotation, isBroken }) => {
    if (isBroken) return [];
    // The annotation's image id counts before the image's, as in the official code.
    const [entry, field] = annotation.has('image_id') ? ([annotation, 'image_id'] as const) : ([image, 'id'] as const);
    return [{ name, ...(entry.has(field) && { image: entry.integer(field) }), ...h36mProjection(annotation) }];
  });
}

/** Does this JSON have the form of `h36mAnnotations`? */
export function isH36m(content: unknown): boolean {
  const [first] = annotationsOf(content) ?? [];
  return isRecord(first) && 'keypoints_world' in first;
}

/** Whether the annotations of this JSON are people in space: some have their joints there, or nobody is annotated. */
export function hasDepths(content: unknown): boolean {
  const people = annotationsOf(content);
  return !!people && (people.length === 0 || people.some((one) => isRecord(one) && 'keypoints_world' in one));
}

function annotationsOf(content: unknown): readonly unknown[] | undefined {
  const { annotations } = isRecord(content) ? content : {};
  return Array.isArray(annotations) ? annotations : undefined;
}

/**
 * The annotations of Human3.6M in the form of the official RLE code: `{images: [{file_name, width, height}], annotations: [{bbox,
 * keypoints_world: [[x, y, z] x 17], cam_param: {R, t, f, c}}]}`, one annotation to an image. A point of the camera is
 * `R (world - t)`, a pixel `f x / z + c`. The boxes have room around the person already, so that crops do not pad them. The
 * three takes with a wrong annotation are left out, as the official code does.
 * @throws DataError naming file, annotation and field for whatever is missing or broken
 */
export function h36mAnnotations(content: unknown, file: string): Annotations {
  const entries = entriesOf(content, file);
  const whole = entries.filter(({ isBroken }) => !isBroken);
  const people = whole.map(({ name, image, annotation }): ListedPerson => {
    const { joints, weights: _, ...labels } = h36mProjection(annotation);
    const points = Array.from({ length: joints.length / 2 }, (_, k) => [joints[2 * k], joints[2 * k + 1]] as const);
    return {
      picture: { file: name, size: [image.integer('width'), image.integer('height')] },
      ...{
        keypoints: keypointsOf(points),
        box: annotation.numbers('bbox', 4) as unknown as Box,
        padding: 1,
        ...labels,
      },
    };
  });
  const leftOut = new Tally();
  leftOut.add('people of takes with a wrong annotation', entries.length - whole.length);
  return {
    ...listedPictures(people, file),
    categories: new Map([[PERSON, { name: 'person', joints: h36m18.joints }]]),
    ...{ joints: h36m18.joints.length, schema: h36m18, orientation: 'stored', leftOut },
  };
}

/** The annotations of a file's content, image by image. @throws DataError unless each image has one */
function entriesOf(content: unknown, file: string) {
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
function h36mProjection(entry: JsonEntry): Pick<H36mLabels, 'joints' | 'weights' | 'spatial'> {
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
