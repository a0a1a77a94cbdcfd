import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from 'wgrad';
import { readJsonFile } from 'wgrad/io/node';
import { whyNotRead } from '../datasets/jsonAnnotations.js';
import { kindOfFile } from './images.js';

/** What to do about files of other kinds that programs write where JSON is wanted. */
const REMEDIES: Readonly<Record<string, string>> = {
  'a pickle of Python':
    '; nothing of it is run here: mmpose writes its results as COCO JSON with --cfg-options test_evaluator.outfile_prefix=results',
  'an HTML page': '; the download went wrong, as it does where a page asks for a confirmation: fetch the file again',
  'a pointer of Git LFS': '; fetch what it stands for with git lfs pull',
};

/** Kinds of which the reader of JSON says more itself. */
const SAID = ['JSON', 'an empty file', 'a folder, a pipe or a device'];

/**
 * Reads JSON that another program has written.
 * @throws DataError as `readJsonFile`; a file or a folder of another kind is called what it is
 */
export async function readJson(path: string): Promise<unknown> {
  if ((await stat(path).catch(() => undefined))?.isDirectory()) await checkFolder(path);
  return readJsonFile(path).catch(async (error: unknown) => {
    const kind = await kindOfFile(path).catch(() => undefined);
    if (kind === undefined || SAID.includes(kind)) throw error;
    throw new DataError(`${path}: ${kind}, not JSON${REMEDIES[kind] ?? ''}`, { cause: error });
  });
}

/** @throws DataError where the folder holds results of a form that is not read, a file for each picture */
async function checkFolder(folder: string): Promise<void> {
  const name = (await readdir(folder)).sort().find((one) => /\.json$/i.test(one));
  if (name === undefined) return;
  const file = join(folder, name);
  const why = whyNotRead(await readJsonFile(file).catch(() => undefined));
  if (why) throw new DataError(`${file}: ${why}`);
}
