import type { JsonEntry } from 'wgrad/io';
import { mpii16 } from '../schemas/mpii16.js';
import type { MpiiPerson } from './mpiiMat.js';
import type { AnnotatedPerson } from './people.js';

/** Pixels per unit of a person's `scale`, which measures the person's height. */
const SCALE_UNIT = 200;
/** Crops are moved down by `scale` times this many pixels, since the annotated centre lies high in the body. */
const SHIFT = 15;

const JOINTS = mpii16.joints.length;

/** A person from the lists of Simple Baselines, HRNet and mmpose. @throws DataError naming person and field */
export function mpiiEntry(entry: JsonEntry): MpiiPerson {
  const [x, y] = entry.numbers('center', 2);
  const scale = entry.number('scale');
  if (scale <= 0) throw entry.error('scale', 'expected a number above 0');
  const visible = entry.numbers('joints_vis', JOINTS);
  const points = entry.list('joints');
  if (points.length !== JOINTS) throw entry.error('joints', `expected ${JOINTS} points [x, y]`);
  const joints = points.map((point, k): [number, number] | null => {
    if (!Array.isArray(point) || point.length !== 2 || !point.every(Number.isFinite)) {
      throw entry.error(`joints[${k}]`, 'expected [x, y]', point);
    }
    return visible[k] > 0 ? [point[0], point[1]] : null;
  });
  return { image: entry.text('image'), center: [x, y], scale, joints };
}

/** A person in 0-based pixels, with the box that crops are made of. */
export function mpiiPerson(person: MpiiPerson, id: string, path: string): AnnotatedPerson {
  const { center, scale, joints: points, head } = person;
  const [x, y] = center;
  const side = scale * SCALE_UNIT;
  const joints = new Float64Array(2 * JOINTS);
  const weights = new Float64Array(JOINTS);
  points.forEach((point, k) => {
    if (!point) return;
    joints[2 * k] = point[0] - 1;
    joints[2 * k + 1] = point[1] - 1;
    weights[k] = 1;
  });
  const box = [x - 1 - side / 2, y - 1 + SHIFT * scale - side / 2, side, side] as const;
  const headBox = head && ([head[0] - 1, head[1] - 1, head[2] - head[0], head[3] - head[1]] as const);
  return { id, path, box, joints, weights, ...(headBox && { headBox }) };
}
