import { JsonEntry } from 'wgrad/io';
import { joined } from '../fileName.js';
import type { Annotations } from './annotations.js';
import { extentOf, groupedMarks, type Mark, type MarkedPicture, markedAnnotations, type Region } from './marks.js';
import { Tally } from './tally.js';

/** One file of labelme's, which has one picture. */
export interface LabelmeFile {
  readonly content: unknown;
  readonly file: string;
  /** Its folder as pictures' paths begin, '' for none. */
  readonly folder?: string;
  readonly split?: string;
}

type Point = readonly [x: number, y: number];

/** Does this JSON have the form of `labelmeAnnotations`? */
export function isLabelme(content: unknown): boolean {
  const { shapes, imagePath } = (content ?? {}) as { shapes?: unknown; imagePath?: unknown };
  return Array.isArray(shapes) && imagePath !== undefined;
}

/**
 * The people of labelme's files `{imagePath, imageWidth, imageHeight, shapes: [{label, points, shape_type, group_id}]}`: a point is a
 * joint of its label's name, a rectangle or polygon somebody's box, and a group one person (see `groupedMarks`). A true flag
 * `occluded` or `hidden` makes a joint hidden. Pictures are upright, as labelme shows them.
 * @param file names all of them in messages
 * @throws DataError naming file, shape and field for whatever is missing or no number
 */
export function labelmeAnnotations(files: readonly LabelmeFile[], file: string): Annotations {
  const leftOut = new Tally();
  return markedAnnotations(
    files.map((one) => readPicture(one, leftOut)),
    { file, leftOut },
  );
}

function readPicture({ content, file, folder = '', split }: LabelmeFile, leftOut: Tally): MarkedPicture {
  const root = new JsonEntry(content, file);
  const hasSize = root.has('imageWidth') && root.has('imageHeight');
  const marks: Mark[] = [];
  const regions: Region[] = [];
  for (const shape of root.entries('shapes')) {
    const [label, points] = [shape.text('label'), readPoints(shape)];
    const group = shape.has('group_id') ? String(shape.id('group_id')) : undefined;
    const type = shape.has('shape_type') ? shape.text('shape_type') : 'polygon';
    if (type === 'point' || points.length === 1) {
      marks.push({ label, x: points[0][0], y: points[0][1], v: isHidden(shape) ? 1 : 2, group });
    } else if (type === 'rectangle' || type === 'polygon') {
      regions.push({ label, box: extentOf(points), ...(type === 'polygon' && { area: areaOf(points) }), group });
    } else leftOut.add(`shapes of type ${type}`);
  }
  return {
    picture: {
      file: joined(folder, root.text('imagePath')),
      size: hasSize ? [root.integer('imageWidth'), root.integer('imageHeight')] : undefined,
      split,
    },
    people: groupedMarks(marks, regions, leftOut),
  };
}

function readPoints(shape: JsonEntry): Point[] {
  const points = shape.list('points').map((point, i): Point => {
    if (Array.isArray(point) && point.length === 2 && point.every(Number.isFinite)) return [point[0], point[1]];
    throw shape.error(`points[${i}]`, 'expected [x, y]', point);
  });
  if (points.length === 0) throw shape.error('points', 'expected at least one point');
  return points;
}

function isHidden(shape: JsonEntry): boolean {
  if (!shape.has('flags')) return false;
  const flags = shape.entry('flags');
  return ['occluded', 'hidden', 'invisible'].some((name) => flags.has(name) && flags.flag(name));
}

/** The area within a polygon, by the shoelace formula. */
function areaOf(points: readonly Point[]): number {
  const doubled = points.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = points[(i + 1) % points.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(doubled) / 2;
}
