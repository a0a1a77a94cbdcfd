import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { readBytes } from 'wgrad/io/node';
import type { Annotations } from '../../datasets/annotations.js';
import { boxTableAnnotations } from '../../datasets/boxes.js';
import { cvatAnnotations, isCvat } from '../../datasets/cvat.js';
import { isAnnotations, jsonAnnotations } from '../../datasets/jsonAnnotations.js';
import { matAnnotations } from '../../datasets/matAnnotations.js';
import { parseXml } from '../../formats/xml.js';
import { readJson } from '../readJson.js';
import { exists } from './annotated.js';
import { labelmeFolder } from './labelmeFolder.js';
import { yoloAnnotations, yoloValue } from './yoloFolder.js';

/** What reads files of an extension. */
interface Reader {
  readonly read: (file: string, lenient?: boolean) => Promise<Annotations>;
  /** The same, but undefined for files of another form; absent: all files of the extension are read. */
  readonly readIf?: (file: string, lenient?: boolean) => Promise<Annotations | undefined>;
}

const YAML: Reader = {
  read: yoloAnnotations,
  readIf: async (file, lenient) => ((await yoloValue(file)) === undefined ? undefined : yoloAnnotations(file, lenient)),
};

const JSON_FILE: Reader = {
  read: async (file) => jsonAnnotations(await readJson(file), file),
  readIf: async (file) => {
    const content = await readJson(file);
    return isAnnotations(content) ? jsonAnnotations(content, file) : undefined;
  },
};

/** Readers by extension; any other file is JSON. */
const READERS: Readonly<Record<string, Reader>> = {
  '.mat': { read: async (file) => matAnnotations(await readBytes(file), file) },
  '.csv': { read: async (file) => boxTableAnnotations(await textOf(file), file) },
  '.xml': {
    read: async (file) => cvatAnnotations(await parseXml(await textOf(file), file), file),
    readIf: async (file) => {
      const root = await parseXml(await textOf(file), file);
      return isCvat(root) ? cvatAnnotations(root, file) : undefined;
    },
  },
  '.yaml': YAML,
  '.yml': YAML,
};

const textOf = async (file: string): Promise<string> => new TextDecoder().decode(await readBytes(file));

const readerOf = (file: string): Reader => READERS[extname(file).toLowerCase()] ?? JSON_FILE;

/** Whether annotations are a folder or a file of a form that is no JSON, none of which knows depths. */
export async function isOtherThanJson(path: string): Promise<boolean> {
  return readerOf(path) !== JSON_FILE || (await isFolder(path));
}

const isFolder = async (path: string): Promise<boolean> => !!(await stat(path).catch(() => undefined))?.isDirectory();

/**
 * Reads annotations in any form that wgrad reads; the content tells which it is. A folder is that of a data set in YOLO's form, by its
 * `data.yaml`, or of labelme's files.
 * @param lenient whether a picture whose size is wanted, and that cannot be read, is an error only when it is decoded
 * @throws DataError in one line where the file cannot be read, is of another form, or holds something wrong
 */
export async function readAnnotations(path: string, lenient?: boolean): Promise<Annotations> {
  if (!(await isFolder(path))) return readerOf(path).read(path, lenient);
  const data = join(path, 'data.yaml');
  return (await exists(data)) ? yoloAnnotations(data, lenient) : labelmeFolder(path);
}

/** The same, but undefined for a file of another form: a folder holds more than annotations. @throws DataError as `readAnnotations` */
export async function readIfAnnotations(file: string, lenient?: boolean): Promise<Annotations | undefined> {
  const { read, readIf = read } = readerOf(file);
  return readIf(file, lenient);
}
