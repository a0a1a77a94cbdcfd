import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../errors.js';
import { readMat5 } from '../io/mat5.js';
import { checkSample, jointBox, type PoseDataset, type PoseSample, type PoseSplit } from './dataset.js';
import { decodeImage } from './images.js';
import { lsp14 } from './schema.js';

/** One line of the annotation, joints still in MATLAB's pixels: the centre of the top left one is (1, 1). */
interface Annotation {
  readonly file: string;
  readonly split?: string;
  readonly size?: readonly [width: number, height: number];
  readonly xy: readonly (readonly [number, number] | null)[];
}

const JOINTS = lsp14.joints.length;

/**
 * The Leeds Sports Pose data set, or any in its form: a folder with `images/` and `joints.json` or LSP's own `joints.mat`.
 * `joints.json` is `{items: [{file, xy: [[x, y] | null, ...], split?: 'train' | 'test', width?, height?}]}` in 1-based
 * pixels; null is not annotated and gets weight 0. Without splits the first half trains and the second tests, as is LSP's
 * custom. Occluded joints count fully. Images decode whenever they are asked for.
 * @throws DataError naming file, image and joint for whatever is missing, broken or out of place.
 */
export async function lsp(folder: string): Promise<PoseDataset> {
  const items = (await readJson(join(folder, 'joints.json'))) ?? (await readMat(join(folder, 'joints.mat')));
  if (!items) {
    throw new DataError(`${folder}: neither joints.json nor joints.mat is there; give a folder in LSP's form`);
  }
  const named = items.some((item) => item.split !== undefined);
  const half = items.length / 2;
  const part = (split: 'train' | 'test') =>
    lazySplit(
      folder,
      items.filter((item, i) => (named ? item.split === split : i < half === (split === 'train'))),
      split,
    );
  const train = part('train');
  if (train.length === 0) throw new DataError(`${folder}: no image is in the train split; mark some "split": "train"`);
  return { name: 'lsp', schema: lsp14, mirrorable: true, train, test: part('test') };
}

function lazySplit(folder: string, items: readonly Annotation[], part: 'train' | 'test'): PoseSplit {
  return {
    length: items.length,
    origin: { module: import.meta.url, name: 'lsp', args: [folder], part },
    async sample(index) {
      if (!(index in items)) throw new DataError(`lsp: sample ${index} of ${items.length} does not exist`);
      return load(folder, items[index]);
    },
  };
}

async function load(folder: string, item: Annotation): Promise<PoseSample> {
  const image = await decodeImage(join(folder, 'images', item.file));
  if (item.size && (item.size[0] !== image.width || item.size[1] !== image.height)) {
    throw new DataError(
      `${item.file}: the image is ${image.width}x${image.height}, its annotation says ${item.size.join('x')}; ` +
        'labels of another size would land in the wrong place',
    );
  }
  const joints = new Float64Array(2 * JOINTS);
  const weights = new Float64Array(JOINTS);
  item.xy.forEach((point, k) => {
    if (!point) return;
    joints[2 * k] = point[0] - 1;
    joints[2 * k + 1] = point[1] - 1;
    weights[k] = 1;
  });
  return checkSample(lsp14, { id: item.file, image, box: jointBox(joints, weights), joints, weights });
}

async function readJson(path: string): Promise<Annotation[] | undefined> {
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
  return items.map((item: unknown, i) => annotation(item, `${path}: item ${i}`));
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

/** `joints` is [3, 14, N] in LSP and [14, 3, N] in LSP extended: x, y and a visibility flag that is not used. */
async function readMat(path: string): Promise<Annotation[] | undefined> {
  const bytes = await readIfThere(path);
  if (!bytes) return undefined;
  const array = readMat5(bytes, path).get('joints');
  const rowsFirst = array?.dims[0] === 3 && array.dims[1] === JOINTS;
  if (array?.dims.length !== 3 || !(rowsFirst || (array.dims[0] === JOINTS && array.dims[1] === 3))) {
    throw new DataError(
      `${path}: expected an array "joints" of 3x${JOINTS}xN, got ${array ? array.dims.join('x') : 'none of that name'}`,
    );
  }
  const count = array.dims[2];
  const digits = count > 9999 ? 5 : 4;
  return Array.from({ length: count }, (_, n) => {
    const file = `im${String(n + 1).padStart(digits, '0')}.jpg`;
    const xy = lsp14.joints.map((name, k): readonly [number, number] => {
      const base = n * 3 * JOINTS;
      const x = array.data[base + (rowsFirst ? 3 * k : k)];
      const y = array.data[base + (rowsFirst ? 3 * k + 1 : k + JOINTS)];
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        throw new DataError(`${path}: joint ${name} of ${file} is at (${x}, ${y}); coordinates must be finite`);
      }
      return [x, y];
    });
    return { file, xy };
  });
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
