import { extname } from 'node:path';
import { readBytes, readJsonFile } from 'wgrad/io/node';
import type { Annotations } from '../../datasets/annotations.js';
import { boxTableAnnotations } from '../../datasets/boxes.js';
import { isAnnotations, jsonAnnotations } from '../../datasets/jsonAnnotations.js';
import { matAnnotations } from '../../datasets/matAnnotations.js';

/** Readers by extension; any other file is JSON. */
const READERS: Readonly<Record<string, (file: string) => Promise<Annotations>>> = {
  '.mat': async (file) => matAnnotations(await readBytes(file), file),
  '.csv': async (file) => boxTableAnnotations(new TextDecoder().decode(await readBytes(file)), file),
};

/**
 * Reads annotations in any form that wgrad reads; the content tells which it is.
 * @throws DataError in one line where the file cannot be read, is of another form, or holds something wrong
 */
export async function readAnnotations(file: string): Promise<Annotations> {
  const reader = READERS[extname(file).toLowerCase()];
  return reader ? reader(file) : jsonAnnotations(await readJsonFile(file), file);
}

/** The same, but undefined for JSON of another form: a folder holds more than annotations. @throws DataError as `readAnnotations` */
export async function readIfAnnotations(file: string): Promise<Annotations | undefined> {
  if (extname(file).toLowerCase() in READERS) return readAnnotations(file);
  const content = await readJsonFile(file);
  return isAnnotations(content) ? jsonAnnotations(content, file) : undefined;
}
