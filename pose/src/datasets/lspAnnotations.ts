import { DataError } from 'wgrad';
import { excerptOfList } from 'wgrad/io';
import { readMat5 } from '../formats/mat5.js';
import { lsp14 } from '../schema.js';

/** The annotation of one image, still in MATLAB's pixels: the centre of the top left one is (1, 1). */
export interface LspAnnotation {
  readonly file: string;
  readonly split?: string;
  readonly size?: readonly [width: number, height: number];
  readonly xy: readonly (readonly [number, number] | null)[];
}

const JOINTS = lsp14.joints.length;

/** What a file holds, and how many images train if it does not say. */
export interface LspAnnotations {
  readonly items: readonly LspAnnotation[];
  /** Number of images that train. */
  readonly custom: number;
}

/** LSP extended has no test images of its own, so this share is held out. */
const HELD_OUT = 0.1;

/** The annotations in the bytes of `joints.json`. @throws DataError naming item and joint */
export function lspJson(bytes: Uint8Array, path: string): LspAnnotations {
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

function annotation(item: unknown, where: string): LspAnnotation {
  if (!isRecord(item) || typeof item.file !== 'string' || !Array.isArray(item.xy)) {
    throw new DataError(`${where}: expected {"file": "im0001.jpg", "xy": [[x, y], ...]}`);
  }
  const { file, split, width, height } = item;
  if (/[/\\]/.test(file)) throw new DataError(`${where}: file ${file} must be a plain name inside images/`);
  if (split !== undefined && split !== 'train' && split !== 'test') {
    throw new DataError(`${where} (${file}): split is ${excerptOfList(split)}; it is "train" or "test"`);
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
      `${where} (${file}): joint ${lsp14.joints[k]} is ${excerptOfList(point)}; give [x, y], or null if not annotated`,
    );
  });
  const size = typeof width === 'number' && typeof height === 'number' ? ([width, height] as const) : undefined;
  return { file, split, size, xy };
}

/**
 * The annotations in the bytes of `joints.mat`: `joints` is [3, 14, N] in LSP and [14, 3, N] in LSP extended: x, y and a flag.
 * @throws DataError where it has another form
 */
export async function lspMat(bytes: Uint8Array, path: string): Promise<LspAnnotations> {
  const found = (await readMat5(bytes, path)).get('joints');
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
