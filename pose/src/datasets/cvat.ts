import { DataError } from 'wgrad';
import type { XmlElement } from '../formats/xml.js';
import type { Annotations } from './annotations.js';
import {
  extentOf,
  groupedMarks,
  type Mark,
  type MarkedPerson,
  type MarkedPicture,
  markedAnnotations,
  type Region,
} from './marks.js';
import { Tally } from './tally.js';

type Point = readonly [x: number, y: number];

/** Is this the root of a file in the form of `cvatAnnotations`? */
export function isCvat({ name, children }: XmlElement): boolean {
  return name === 'annotations' && children.some((child) => ['image', 'track', 'meta'].includes(child.name));
}

/**
 * The people of "CVAT for images 1.1": `<image name width height>` with `<skeleton label><points label points outside occluded/>`, or
 * with `<points>` and `<box>` that `group_id` ties together (see `groupedMarks`). A point outside has no label, an occluded one is
 * hidden. An element of several points is a person, whose joints have numbers for names.
 * @throws DataError naming file, line and attribute for whatever is missing or no number, and for CVAT's form for videos
 */
export function cvatAnnotations(root: XmlElement, file: string): Annotations {
  const images = root.children.filter(({ name }) => name === 'image');
  if (images.length === 0) {
    const isVideo = root.children.some(({ name }) => name === 'track');
    throw new DataError(
      isVideo
        ? `${file}: CVAT's form for videos, which names no pictures; export the task as "CVAT for images 1.1"`
        : `${file}: no <image> in it; expected "CVAT for images 1.1"`,
    );
  }
  const leftOut = new Tally();
  const pictures = images.map((image) => readImage(new XmlEntry(image, file), leftOut));
  return markedAnnotations(pictures, { file, leftOut });
}

/** An element with its place, so that whatever is wrong with an attribute is said in one line. */
class XmlEntry {
  readonly element: XmlElement;
  readonly #file: string;

  constructor(element: XmlElement, file: string) {
    this.element = element;
    this.#file = file;
  }

  within(): XmlEntry[] {
    return this.element.children.map((child) => new XmlEntry(child, this.#file));
  }

  /** The text of an attribute; undefined where it is absent or empty. */
  optional(attribute: string): string | undefined {
    return this.element.attributes[attribute]?.trim() || undefined;
  }

  text(attribute: string): string {
    const value = this.optional(attribute);
    if (value !== undefined) return value;
    throw this.error(attribute, 'expected a text');
  }

  number(attribute: string): number {
    const value = this.optional(attribute);
    if (value !== undefined && Number.isFinite(Number(value))) return Number(value);
    throw this.error(attribute, 'expected a number');
  }

  points(): Point[] {
    const pairs = this.text('points')
      .split(';')
      .filter((part) => part.trim() !== '');
    return pairs.map((pair): Point => {
      const values = pair.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
      if (values.length === 2 && values.every(Number.isFinite)) return [values[0], values[1]];
      throw this.error('points', 'expected "x,y;x,y;..."');
    });
  }

  error(attribute: string, expected: string): DataError {
    const { name, line, attributes } = this.element;
    const got = attributes[attribute] === undefined ? 'none' : JSON.stringify(attributes[attribute].slice(0, 60));
    return new DataError(`${this.#file}: line ${line}: <${name}> ${attribute}: ${expected}, got ${got}`);
  }
}

function readImage(image: XmlEntry, leftOut: Tally): MarkedPicture {
  const marks: Mark[] = [];
  const regions: Region[] = [];
  const skeletons: { readonly label: string; readonly marks: Mark[]; readonly group?: string }[] = [];
  const people: MarkedPerson[] = [];
  for (const entry of image.within()) {
    const { name } = entry.element;
    const group = groupOf(entry);
    if (name === 'skeleton') skeletons.push({ label: entry.text('label'), marks: joints(entry), group });
    else if (name === 'points') {
      const points = entry.points();
      if (points.length === 1) marks.push({ label: entry.text('label'), ...placed(points[0], entry), group });
      else
        people.push({
          label: entry.text('label'),
          marks: points.map((point, i) => ({ label: `${i + 1}`, ...placed(point, entry) })),
        });
    } else if (name === 'box') regions.push({ label: entry.text('label'), box: boxOf(entry), group });
    else if (name === 'polygon') regions.push({ label: entry.text('label'), box: extentOf(entry.points()), group });
    else leftOut.add(`shapes of type ${name}`);
  }
  const own = new Set<Region>();
  const jointed: MarkedPerson[] = [];
  for (const { label, marks: found, group } of skeletons) {
    const alike = skeletons.filter((other) => other.group === group).length;
    const region = group === undefined || alike > 1 ? undefined : regions.find((one) => one.group === group);
    if (region) own.add(region);
    jointed.push({ label, marks: found, region });
  }
  const left = regions.filter((region) => !own.has(region));
  return {
    picture: {
      file: image.text('name'),
      size: [image.number('width'), image.number('height')],
      split: image.optional('subset')?.toLowerCase(),
    },
    people: [...jointed, ...people, ...groupedMarks(marks, left, leftOut)],
  };
}

/** CVAT gives group 0 to what is in none. */
function groupOf(entry: XmlEntry): string | undefined {
  const group = entry.optional('group_id');
  return group === '0' ? undefined : group;
}

function joints(skeleton: XmlEntry): Mark[] {
  return skeleton.within().flatMap((entry) => {
    if (entry.element.name !== 'points') return [];
    const points = entry.points();
    if (points.length !== 1) throw entry.error('points', 'expected one point "x,y" of a joint');
    return [{ label: entry.text('label'), ...placed(points[0], entry) }];
  });
}

function placed([x, y]: Point, entry: XmlEntry): Pick<Mark, 'x' | 'y' | 'v'> {
  if (entry.optional('outside') === '1') return { x, y, v: 0 };
  return { x, y, v: entry.optional('occluded') === '1' ? 1 : 2 };
}

function boxOf(entry: XmlEntry): Region['box'] {
  const [left, top] = [entry.number('xtl'), entry.number('ytl')];
  return [left, top, entry.number('xbr') - left, entry.number('ybr') - top];
}
