import { counted, type JsonEntry } from 'wgrad/io';
import { plainName } from '../schemas/jointNames.js';
import type { Annotation, Category } from './annotations.js';
import type { Tally } from './tally.js';

/** The number of joints in an annotation's `keypoints`. @throws DataError where it has not three numbers for each */
export function jointCount(entry: JsonEntry): number {
  const list = entry.list('keypoints');
  if (isNested(list)) return list.length;
  if (list.length % 3 !== 0) throw entry.error('keypoints', 'expected x, y, v for each joint');
  return list.length / 3;
}

const isNested = (list: readonly unknown[]): boolean => list.some(Array.isArray);

/**
 * The `keypoints` of an annotation as `x, y, v` joint by joint, from that list or a list of `[x, y, v]` or `[x, y]`. A joint whose
 * place is null has no label; of pairs, a joint in the corner (0, 0) has none.
 * @throws DataError where there are not as many, or one is no number
 */
export function cocoKeypoints(entry: JsonEntry, joints: number, leftOut: Tally): readonly number[] {
  const list = entry.list('keypoints');
  const nested = isNested(list);
  if (!nested && (list.length !== 3 * joints || !list.includes(null))) return entry.numbers('keypoints', 3 * joints);
  const points = nested ? list : Array.from({ length: joints }, (_, k) => list.slice(3 * k, 3 * k + 3));
  if (points.length !== joints) throw entry.error('keypoints', `expected ${counted(joints, 'point')} [x, y, v]`);
  return points.flatMap((point, k): readonly number[] => {
    if (point === null || (Array.isArray(point) && point.includes(null))) {
      leftOut.add('joints whose place is null');
      return [0, 0, 0];
    }
    if (Array.isArray(point) && point.every(Number.isFinite) && (point.length === 2 || point.length === 3)) {
      const [x, y, v = x === 0 && y === 0 ? 0 : 2] = point as number[];
      return [x, y, v];
    }
    throw entry.error(`keypoints[${nested ? k : 3 * k}]`, 'expected x, y, v', String(point));
  });
}

/** The joints of JHMDB, whose files count pixels from 1, as its MATLAB files do. */
const JHMDB = [
  ...['neck', 'belly', 'head', 'right_shoulder', 'left_shoulder', 'right_hip', 'left_hip', 'right_elbow'],
  ...['left_elbow', 'right_knee', 'left_knee', 'right_wrist', 'left_wrist', 'right_ankle', 'left_ankle'],
];

/** Are these the categories of a file whose pixels count from 1? */
export function isOneBased(categories: readonly Category[]): boolean {
  const names = JHMDB.map(plainName).join();
  return categories.some(({ joints }) => joints?.map(plainName).join() === names);
}

/** Somebody in pixels that count from 1, in pixels that count from 0. */
export function oneBased({ keypoints, box: [x, y, width, height], frame, ...rest }: Annotation): Annotation {
  return {
    ...rest,
    keypoints: Array.from(keypoints, (value, i) => (i % 3 < 2 ? value - 1 : value)),
    box: [x - 1, y - 1, width, height],
    ...(frame && { frame: [frame[0] - 1, frame[1] - 1, frame[2], frame[3]] }),
  };
}
