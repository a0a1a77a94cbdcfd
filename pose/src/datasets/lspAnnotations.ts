import { DataError } from 'wgrad';
import { counted, excerptOfList } from 'wgrad/io';
import { jointBox } from '../dataset.js';
import type { MatValue } from '../formats/mat5.js';
import { lsp14 } from '../schema.js';
import type { Annotations } from './annotations.js';
import { NEITHER } from './halves.js';
import { isRecord } from './isRecord.js';
import { keypointsOf, type ListedPerson, listedPictures, PERSON } from './listedPictures.js';
import { jointsOf } from './people.js';

/** The annotation of one image, still in MATLAB's pixels: the centre of the top left one is (1, 1). */
interface LspItem {
  readonly file: string;
  readonly split?: string;
  readonly size?: readonly [width: number, height: number];
  readonly xy: readonly (readonly [number, number] | null)[];
}

const JOINTS = lsp14.joints.length;

/** LSP extended has no test images of its own, so this share is held out. */
const HELD_OUT = 0.1;

/** Does this JSON have the form of `lspAnnotations`? */
export function isLsp(content: unknown): content is { items: unknown[] } {
  return (
    isRecord(content) && Array.isArray(content.items) && content.items.every((item) => isRecord(item) && 'xy' in item)
  );
}

/**
 * The annotations of `joints.json`, `{items: [{file, xy: [[x, y] | null, ...], split?: 'train' | 'test', width?, height?}]}`
 * in 1-based pixels; null is not annotated. Without splits the first half trains and the second tests, as is LSP's custom.
 * @throws DataError naming item and joint
 */
export function lspAnnotations(content: unknown, file: string): Annotations {
  const items = isRecord(content) ? content.items : undefined;
  if (!Array.isArray(items) || items.length === 0) {
    throw new DataError(`${file}: expected {"items": [...]} with at least one item`);
  }
  return annotationsOf(
    items.map((item: unknown, i) => readItem(item, `${file}: item ${i}`)),
    items.length / 2,
    file,
  );
}

/** @param custom how many images train where none says so */
function annotationsOf(items: readonly LspItem[], custom: number, file: string): Annotations {
  const isNamed = items.some(({ split }) => split !== undefined);
  const people = items.map(({ file: name, size, split, xy }, i): ListedPerson => {
    const keypoints = keypointsOf(xy, -1);
    const { joints, weights } = jointsOf(keypoints);
    const around = jointBox(joints, weights);
    const part = isNamed ? (split ?? NEITHER) : i < custom ? 'train' : 'test';
    return { picture: { file: name, size, split: part }, keypoints, box: around, frame: around };
  });
  return {
    ...listedPictures(people, file),
    categories: new Map([[PERSON, { name: 'person', joints: lsp14.joints }]]),
    joints: JOINTS,
    schema: lsp14,
    orientation: 'upright',
    leftOut: new Map(),
  };
}

function readItem(item: unknown, where: string): LspItem {
  if (!isRecord(item) || typeof item.file !== 'string' || !Array.isArray(item.xy)) {
    throw new DataError(`${where}: expected {"file": "im0001.jpg", "xy": [[x, y], ...]}`);
  }
  const { file, split, width, height } = item;
  if (/[/\\]/.test(file)) throw new DataError(`${where}: file ${file} must be a plain name inside images/`);
  if (split !== undefined && split !== 'train' && split !== 'test') {
    throw new DataError(`${where} (${file}): split is ${excerptOfList(split)}; it is "train" or "test"`);
  }
  if (item.xy.length !== JOINTS) {
    throw new DataError(`${where} (${file}): ${counted(item.xy.length, 'joint')} instead of ${JOINTS}`);
  }
  const xy = item.xy.map((point: unknown, k): readonly [number, number] | null => {
    if (point === null) return null;
    if (Array.isArray(point) && point.length === 2 && Number.isFinite(point[0]) && Number.isFinite(point[1])) {
      return [point[0], point[1]];
    }
    throw new DataError(
      `${where} (${file}): joint ${lsp14.joints[k]} is ${excerptOfList(point)}; give [x, y], or null if not annotated`,
    );
  });
  const size = typeof width === 'number' && typeof height === 'number' ? ([width, height] as const) : undefined;
  return { file, split, size, xy };
}

/**
 * The annotations of the authors' `joints.mat`: `joints` is [3, 14, N] in LSP and [14, 3, N] in LSP extended: x, y and a
 * flag, which means opposite things: 1 is hidden in LSP, where such joints count fully, and annotated in LSP extended, where
 * the others have no place at all. The second half tests, of LSP extended the last tenth.
 * @throws DataError where it has another form
 */
export function lspMatAnnotations(arrays: ReadonlyMap<string, MatValue>, path: string): Annotations {
  const found = arrays.get('joints');
  const array = found?.kind === 'numbers' ? found : undefined;
  const isExtended = array?.dims[0] === JOINTS && array.dims[1] === 3;
  if (array?.dims.length !== 3 || !(isExtended || (array.dims[0] === 3 && array.dims[1] === JOINTS))) {
    throw new DataError(
      `${path}: expected an array "joints" of 3x${JOINTS}xN, got ${array ? array.dims.join('x') : 'none of that name'}`,
    );
  }
  const count = array.dims[2];
  const digits = isExtended ? 5 : 4;
  const items = Array.from({ length: count }, (_, n) => {
    const file = `im${String(n + 1).padStart(digits, '0')}.jpg`;
    const xy = lsp14.joints.map((name, k): readonly [number, number] | null => {
      const base = n * 3 * JOINTS;
      const [x, y, flag] = [0, 1, 2].map((row) => array.data[base + (isExtended ? k + row * JOINTS : 3 * k + row)]);
      if (isExtended && flag === 0) return null;
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        throw new DataError(`${path}: joint ${name} of ${file} is at (${x}, ${y}); coordinates must be finite`);
      }
      return [x, y];
    });
    return { file, xy };
  });
  return annotationsOf(items, isExtended ? Math.ceil(count * (1 - HELD_OUT)) : count / 2, path);
}
