import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import type { MatValue } from '../formats/mat5.js';
import { mpii16 } from '../schemas/mpii16.js';
import type { Annotations } from './annotations.js';
import { isRecord } from './isRecord.js';
import { keypointsOf, type ListedPerson, listedPictures, PERSON } from './listedPictures.js';
import { type MpiiPerson, mpiiMatPeople } from './mpiiMat.js';

/** Pixels per unit of a person's `scale`, which measures the person's height. */
const SCALE_UNIT = 200;
/** Crops are moved down by `scale` times this many pixels, since the annotated centre lies high in the body. */
const SHIFT = 15;
/** Of the authors' file, whose test set has no labels, every tenth labelled picture tests. */
const HELD_OUT = 10;

const JOINTS = mpii16.joints.length;

/**
 * The labelled people of MPII's own `.mat` (see `mpiiMatPeople`), in 0-based pixels, with their head boxes. Every tenth
 * labelled picture tests.
 * @throws DataError as `mpiiMatPeople`
 */
export function mpiiMatAnnotations(arrays: ReadonlyMap<string, MatValue>, file: string): Annotations {
  const pictures = mpiiMatPeople(arrays, file);
  return annotationsOf(
    pictures.flatMap((people, i) => {
      const split = (i + 1) % HELD_OUT === 0 ? 'test' : 'train';
      return people.map((person) => listed(person, split));
    }),
    file,
  );
}

/** Does this JSON have the form of `mpiiAnnotations`? */
export function isMpii(content: unknown): content is unknown[] {
  return (
    Array.isArray(content) && content.some((person) => isRecord(person) && 'joints_vis' in person && 'image' in person)
  );
}

/**
 * The people of a list of Simple Baselines, HRNet and mmpose: `{image, center: [x, y], scale, joints: [[x, y] x 16],
 * joints_vis: [0 | 1 x 16]}` in 1-based pixels. @throws DataError naming person and field
 */
export function mpiiAnnotations(list: unknown, file: string): Annotations {
  if (!Array.isArray(list)) throw new DataError(`${file}: expected a list of people [{...}, ...]`);
  return annotationsOf(
    list.map((value: unknown, i) => listed(readPerson(new JsonEntry(value, file, `[${i}]`)))),
    file,
  );
}

function annotationsOf(people: readonly ListedPerson[], file: string): Annotations {
  return {
    ...listedPictures(people, file),
    categories: new Map([[PERSON, { name: 'person', joints: mpii16.joints }]]),
    joints: JOINTS,
    schema: mpii16,
    // The public codes read these pictures without regard to their EXIF orientation.
    orientation: 'stored',
    leftOut: new Map(),
  };
}

function readPerson(entry: JsonEntry): MpiiPerson {
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

/**
 * A person in 0-based pixels. The box is the square of side `200 scale` around the centre, moved down by `15 scale` (as
 * the public codes do, to keep feet in the crop), and may leave the picture.
 */
function listed({ image, center: [x, y], scale, joints, head }: MpiiPerson, split?: string): ListedPerson {
  const side = scale * SCALE_UNIT;
  const square = [x - 1 - side / 2, y - 1 + SHIFT * scale - side / 2, side, side] as const;
  const headBox = head && ([head[0] - 1, head[1] - 1, head[2] - head[0], head[3] - head[1]] as const);
  return {
    picture: { file: image, split },
    ...{ keypoints: keypointsOf(joints, -1), box: square, frame: square, area: side ** 2 },
    ...(headBox && { headBox }),
  };
}
