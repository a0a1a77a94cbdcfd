import { DataError } from 'wgrad';
import { type Box, jointBox } from '../dataset.js';
import { plainName } from '../schemas/jointNames.js';
import { SCHEMAS } from '../schemas/known.js';
import type { Annotations, Category } from './annotations.js';
import { type ListedPerson, type ListedPicture, listedPictures } from './listedPictures.js';
import type { Tally } from './tally.js';

/** A point that a labelling tool names, from the corner of the picture: the centre of its first pixel is (0.5, 0.5). */
export interface Mark {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  /** 0 outside the picture or not labelled, 1 hidden, 2 seen. */
  readonly v: 0 | 1 | 2;
  /** What belongs together has the same group; absent: it has none. */
  readonly group?: string;
}

/** A rectangle or an outline around somebody. */
export interface Region {
  readonly label: string;
  readonly box: Box;
  readonly area?: number;
  readonly group?: string;
}

/** Somebody whose joints have names instead of places in a list. */
export interface MarkedPerson {
  readonly label?: string;
  readonly marks: readonly Mark[];
  readonly region?: Region;
}

export interface MarkedPicture {
  readonly picture: ListedPicture;
  readonly people: readonly MarkedPerson[];
}

const UNNAMED = 'person';

/** The smallest box around points. */
export function extentOf(points: readonly (readonly [x: number, y: number])[]): Box {
  return jointBox(points.flat(), Array(points.length).fill(1));
}

/**
 * Who the marks and regions of a picture belong to. A group is one person. Marks without a group are of the only region
 * without one, or of the region that they lie in, or where there is no region at all, of one person.
 * @param leftOut counts the marks that no region or more than one could have
 */
export function groupedMarks(marks: readonly Mark[], regions: readonly Region[], leftOut: Tally): MarkedPerson[] {
  const groups = new Map<string, { marks: Mark[]; region?: Region }>();
  const loose: { region: Region; marks: Mark[] }[] = [];
  for (const region of regions) {
    const own = region.group === undefined ? undefined : groups.get(region.group);
    if (region.group === undefined || own) loose.push({ region, marks: [] });
    else groups.set(region.group, { region, marks: [] });
  }
  const alone: Mark[] = [];
  for (const mark of marks) {
    if (mark.group !== undefined) {
      const own = groups.get(mark.group) ?? { marks: [] };
      own.marks.push(mark);
      groups.set(mark.group, own);
    } else if (loose.length === 0) alone.push(mark);
    else if (loose.length === 1) loose[0].marks.push(mark);
    else {
      const around = loose.filter(({ region }) => contains(region.box, mark));
      if (around.length === 1) around[0].marks.push(mark);
      else
        leftOut.add(`joints in ${around.length === 0 ? 'no' : 'more than one'} rectangle, whose person nothing tells`);
    }
  }
  const people = [...groups.values(), ...loose, ...(alone.length > 0 ? [{ marks: alone, region: undefined }] : [])];
  return people.map(({ region, marks: own }) => ({ label: region?.label, marks: own, region }));
}

function contains([x, y, width, height]: Box, mark: Mark): boolean {
  return mark.x >= x && mark.x <= x + width && mark.y >= y && mark.y <= y + height;
}

/** What annotations of marks have beside pictures. */
export interface MarkedFile {
  readonly file: string;
  readonly leftOut: Tally;
  /** Names of joints that may have no mark. */
  readonly names?: readonly string[];
}

/**
 * The annotations of pictures whose joints have names. More than half of a known schema's are it, in its order; others are in that
 * of the alphabet, numbers in theirs, so that all files of a set agree. Points move by half a pixel, from the picture's corner to the
 * centre of its first pixel.
 * @throws DataError naming the picture where somebody has two joints of one name
 */
export function markedAnnotations(
  pictures: readonly MarkedPicture[],
  { file, leftOut, names = [] }: MarkedFile,
): Annotations {
  const everybody = pictures.flatMap(({ picture, people }) => people.map((person) => ({ ...person, picture })));
  const joints = inOrder([...names, ...everybody.flatMap(({ marks }) => marks.map(({ label }) => label))]);
  const places = new Map(joints.map((name, k) => [plainName(name), k]));
  const labels = [...new Set(everybody.map(({ label = UNNAMED }) => label))];
  const people = everybody.map(({ picture, marks, region, label = UNNAMED }): ListedPerson => {
    const keypoints: number[] = Array(3 * joints.length).fill(0);
    const seen = new Set<number>();
    for (const { label: name, x, y, v } of marks) {
      const k = places.get(plainName(name)) as number;
      if (seen.has(k)) {
        throw new DataError(
          `${file}: ${picture.file}: two points "${name}" of one person; expected one, or a group for each person`,
        );
      }
      seen.add(k);
      if (v > 0) keypoints.splice(3 * k, 3, x - 0.5, y - 0.5, v);
    }
    const { box, area } = region ?? {};
    const around = extentOf(marks.flatMap(({ x, y, v }) => (v > 0 ? [[x - 0.5, y - 0.5] as const] : [])));
    return {
      ...{ picture, keypoints, area, category: labels.indexOf(label) + 1 },
      ...(box ? { box } : { box: around, frame: around }),
    };
  });
  const categories = labels.map((name, i): [number, Category] => [
    i + 1,
    { name, ...(joints.length > 0 && { joints }) },
  ]);
  return {
    ...listedPictures(
      people,
      file,
      pictures.map(({ picture }) => picture),
    ),
    ...{ categories: new Map(categories), joints: joints.length, orientation: 'upright', leftOut },
  };
}

/**
 * Names once each, however they are spelled. Where they are more than half of a known schema's and no others, the file only lacks
 * the rest.
 */
function inOrder(names: readonly string[]): readonly string[] {
  const byPlain = new Map<string, string>();
  for (const name of names) if (!byPlain.has(plainName(name))) byPlain.set(plainName(name), name);
  const known = SCHEMAS.find(({ joints }) => {
    const own = new Set(joints.map(plainName));
    return 2 * byPlain.size > joints.length && [...byPlain.keys()].every((name) => own.has(name));
  });
  return known?.joints ?? [...byPlain.values()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
