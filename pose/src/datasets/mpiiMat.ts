import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import type { MatMembers, MatValue } from '../formats/mat5.js';
import { mpii16 } from '../schemas/mpii16.js';

/** One person of MPII in the annotators' 1-based pixels. */
export interface MpiiPerson {
  readonly image: string;
  readonly center: readonly [x: number, y: number];
  readonly scale: number;
  /** [x, y] of each joint; null without a label. */
  readonly joints: readonly (readonly [x: number, y: number] | null)[];
  /** Two corners of the rectangle around the head, where there is one. */
  readonly head?: readonly [x1: number, y1: number, x2: number, y2: number];
}

/**
 * The labelled people of MPII's own `mpii_human_pose_v1_u12_1.mat`, image by image. It reads the struct `RELEASE` with
 * `annolist(i).image.name`, `annolist(i).annorect(j)` of `annopoints.point(k)` {x, y, id, is_visible}, `scale`,
 * `objpos` and the head's `x1`, `y1`, `x2`, `y2`, and `img_train(i)`. It leaves out the images of the test set, whose
 * joints are not public, and people without joints, scale or place. It ignores `is_visible`, which may be a number, a
 * text or empty: a hidden joint counts.
 * @throws DataError naming image, person and field for whatever has another form
 */
export function mpiiMatPeople(arrays: ReadonlyMap<string, MatValue>, file: string): MpiiPerson[][] {
  const release = arrays.get('RELEASE');
  const images = structsOf(field(release, 'annolist'));
  const train = field(release, 'img_train');
  if (!images || train?.kind !== 'numbers' || train.data.length !== images.length) {
    const got = images ? counted(images.length, 'image') : 'none';
    throw new DataError(`${file}: expected RELEASE with an annolist and an img_train for each image, got ${got}`);
  }
  const labelled: MpiiPerson[][] = [];
  for (let i = 0; i < images.length; i++) {
    if (train.data[i] !== 1) continue;
    const rectangles = structsOf(images.at(i, 'annorect'));
    if (!rectangles || rectangles.length === 0) continue;
    const name = field(images.at(i, 'image'), 'name');
    const where = `${file}: annolist(${i + 1})`;
    if (name?.kind !== 'text' || name.text === '') throw new DataError(`${where}.image.name: expected a text`);
    const people = Array.from({ length: rectangles.length }, (_, j) =>
      personOf(rectangles, j, name.text, `${where}.annorect(${j + 1})`),
    );
    labelled.push(people.filter((person) => person !== undefined));
  }
  return labelled.filter((people) => people.length > 0);
}

function personOf(people: MatMembers, j: number, image: string, where: string): MpiiPerson | undefined {
  const points = structsOf(field(people.at(j, 'annopoints'), 'point'));
  const [scale, place] = [people.at(j, 'scale'), structsOf(people.at(j, 'objpos'))];
  if (!points || points.length === 0 || isEmpty(scale) || !place || place.length === 0) return undefined;
  const joints: ([number, number] | null)[] = mpii16.joints.map(() => null);
  for (let k = 0; k < points.length; k++) {
    const at = `${where}.annopoints.point(${k + 1})`;
    const id = numberOf(points.at(k, 'id'), `${at}.id`);
    if (!(id in joints)) throw new DataError(`${at}.id: expected 0 to ${joints.length - 1}, got ${id}`);
    joints[id] = [numberOf(points.at(k, 'x'), `${at}.x`), numberOf(points.at(k, 'y'), `${at}.y`)];
  }
  const height = numberOf(scale, `${where}.scale`);
  if (height <= 0) throw new DataError(`${where}.scale: expected a number above 0, got ${height}`);
  const center = [
    numberOf(place.at(0, 'x'), `${where}.objpos.x`),
    numberOf(place.at(0, 'y'), `${where}.objpos.y`),
  ] as const;
  const corners = CORNERS.map((name) => people.at(j, name));
  if (corners.some(isEmpty)) return { image, center, scale: height, joints };
  const [x1, y1, x2, y2] = corners.map((value, i) => numberOf(value, `${where}.${CORNERS[i]}`));
  return { image, center, scale: height, joints, head: [x1, y1, x2, y2] };
}

const CORNERS = ['x1', 'y1', 'x2', 'y2'];

/** An array of structs; where it is empty, the file may have any empty array instead. */
function structsOf(value: MatValue | undefined): MatMembers | undefined {
  return value?.kind === 'members' ? value : undefined;
}

function field(value: MatValue | undefined, name: string): MatValue | undefined {
  return structsOf(value)?.at(0, name);
}

function isEmpty(value: MatValue | undefined): boolean {
  return value === undefined || (value.kind === 'numbers' && value.data.length === 0);
}

function numberOf(value: MatValue | undefined, where: string): number {
  if (value?.kind === 'numbers' && value.data.length === 1 && Number.isFinite(value.data[0])) return value.data[0];
  const got = {
    numbers: 'other numbers',
    text: 'a text',
    members: 'a struct',
    other: 'something else',
    none: 'nothing',
  };
  throw new DataError(`${where}: expected a finite number, got ${got[value?.kind ?? 'none']}`);
}
