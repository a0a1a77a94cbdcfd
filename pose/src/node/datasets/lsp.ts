import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { jointBox, type PoseDataset } from '../../dataset.js';
import { type LspAnnotation, type LspAnnotations, lspJson, lspMat } from '../../datasets/lspAnnotations.js';
import type { AnnotatedPerson } from '../../datasets/people.js';
import { lsp14 } from '../../schema.js';
import { annotatedSplit } from './annotated.js';

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
  const found = await readAnnotations(folder);
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

function personOf(folder: string, { file, size, xy }: LspAnnotation): AnnotatedPerson {
  const joints = new Float64Array(2 * lsp14.joints.length);
  const weights = new Float64Array(lsp14.joints.length);
  xy.forEach((point, k) => {
    if (!point) return;
    joints[2 * k] = point[0] - 1;
    joints[2 * k + 1] = point[1] - 1;
    weights[k] = 1;
  });
  return { id: file, path: join(folder, 'images', file), size, box: jointBox(joints, weights), joints, weights };
}

async function readAnnotations(folder: string): Promise<LspAnnotations | undefined> {
  const [json, mat] = [join(folder, 'joints.json'), join(folder, 'joints.mat')];
  const text = await readIfThere(json);
  if (text) return lspJson(text, json);
  const bytes = await readIfThere(mat);
  return bytes && lspMat(bytes, mat);
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
