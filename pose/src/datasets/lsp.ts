import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { jointBox, type PoseDataset } from '../dataset.js';
import { readMat5 } from '../formats/mat5.js';
import { lsp14 } from '../schema.js';
import { type AnnotatedPerson, annotatedSplit } from './annotated.js';

/** One line of the annotation, joints still in MATLAB's pixels: the centre of the top left one is (1, 1). */
interface Annotation {
  readonly file: string;
  readonly split?: string;
  readonly size?: readonly [width: number, height: number];
  readonly xy: readonly (readonly [number, number] | null)[];
}

const JOINTS = lsp14.joints.length;

/** What a file holds, and where training ends if it does not say. */
interface Annotations {
  readonly items: readonly Annotation[];
  /** Number of images that train. */
  readonly custom: number;
}

/** Of LSP extended, which has no test images of its own, this share is held out. */
const HELD_OUT = 0.1;

/**
 * The Leeds Sports Pose data set, LSP extended (Johnson and Everingham, CVPR 2011), or any in their form: a folder with
 * `images/` and `joints.json` or the authors' `joints.mat`. `joints.json` is
 * `{items: [{file, xy: [[x, y] | null, ...], split?: 'train' | 'test', width?, height?}]}` in 1-based pixels; null is not
 * annotated and gets weight 0. Without splits the first half trains and the second tests, as is LSP's custom; of LSP
 * extended's `joints.mat` the last tenth tests. Images decode whenever they are asked for.
 *
 * The third row of `joints.mat` means opposite things: 1 is hidden in LSP, where such joints count fully, and annotated in
 * LSP extended, where the others have no place at all.
 * @throws DataError naming file, image and joint for whatever is missing, broken or out of place.
 */
export async function lsp(folder: string): Promise<PoseDataset> {
  const found = (await readJson(join(folder, 'joints.json'))) ?? (await readMat(join(folder, 'joints.mat')));
  if (!found) {
    throw new DataError(`${folder}: neither joints.json nor joints.mat is there; give a folder in LSP's form`);
  }
  const { items, custom } = found;
  const named = items.some((item) => item.split !== undefined);
  const part = (split: 'train' | 'test') => {
    const chosen = items.filter((item, i) => (named ? item.split === split : i < custom === (split === 'train')));
    const people = chosen.map((item) => personOf(folder, item));
    const origin = { module: import.meta.url, name: 'lsp', args: [folder], part: split };
    return annotatedSplit(people, { schema: lsp14, origin, upright: true });
  };
  const train = part('train');
  if (train.length === 0) throw new DataError(`${folder}: no image is in the train split; mark some "split": "train"`);
  return { name: 'lsp', schema: lsp14, mirrorable: true, train, test: part('test') };
}

function personOf(folder: string, { file, size, xy }: Annotation): AnnotatedPerson {
  const joints = new Float64Array(2 * JOINTS);
  const weights = new Float64Array(JOINTS);
  xy.forEach((point, k) => {
    if (!point) return;
    joints[2 * k] = point[0] - 1;
    joints[2 * k + 1] = point[1] - 1;
    weights[k] = 1;
  });
  return { id: file, path: join(folder, 'images', file), size, box: jointBox(joints, weights), joints, weights };
}

async function readJson(path: string): Promise<Annotations | undefined> {
  const bytes = await readIfThere(path);
  if (!bytes) return undefined;
  let root: unknown;
  try {
    root = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new DataError(`${path}: not JSON (${error instanceof Error ? error.message : error}); write the file again`);
  }
  const items = isRecord(root) ? root.items : undefined;
  if (!Array.isArray(items) || items.length === 0) {
    throw new DataError(`${path}: expected {"items": [...]} with at least one item`);
  }
  return { items: items.map((item: unknown, i) => annotation(item, `${path}: item ${i}`)), custom: items.length / 2 };
}

function annotation(item: unknown, where: string): Annotation {
  if (!isRecord(item) || typeof item.file !== 'string' || !Array.isArray(item.xy)) {
    throw new DataError(`${where}: expected {"file": "im0001.jpg", "xy": [[x, y], ...]}`);
  }
  const { file, split, width, height } = item;
  if (/[/\\]/.test(file)) throw new DataError(`${where}: file ${file} must be a plain name inside images/`);
  if (split !== undefined && split !== 'train' && split !== 'test') {
    throw new DataError(`${where} (${file}): split is ${JSON.stringify(split)}; it is "train" or "test"`);
  }
  if (item.xy.length !== JOINTS) {
    throw new DataError(`${where} (${file}): ${item.xy.length} joints instead of ${JOINTS}`);
  }
  const xy = item.xy.map((point: unknown, k): readonly [number, number] | null => {
    if (point === null) return null;
    if (Array.isArray(point) && point.length === 2 && Number.isFinite(point[0]) && Number.isFinite(point[1])) {
      return [point[0], point[1]];
    }
    throw new DataError(
      `${where} (${file}): joint ${lsp14.joints[k]} is ${JSON.stringify(point)}; give [x, y], or null if not annotated`,
    );
  });
  const size = typeof width === 'number' && typeof height === 'number' ? ([width, height] as const) : undefined;
  return { file, split, size, xy };
}

/** `joints` is [3, 14, N] in LSP and [14, 3, N] in LSP extended: x, y and a flag. */
async function readMat(path: string): Promise<Annotations | undefined> {
  const bytes = await readIfThere(path);
  if (!bytes) return undefined;
  const found = readMat5(bytes, path).get('joints');
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
  return { items, custom: isExtended ? Math.ceil(count * (1 - HELD_OUT)) : count / 2 };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new DataError(`${path}: cannot be read (${code ?? error}); check its permissions`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
