import { DataError } from 'wgrad';
import { JsonEntry } from 'wgrad/io';
import { fileStem } from '../fileName.js';
import { pythonLiteral } from '../formats/pythonLiteral.js';
import type { JointSchema } from '../schema.js';
import { partsOfCategories } from './cocoCategory.js';
import type { JointParts } from './jointParts.js';
import { partsOfMmpose } from './mmposeInfo.js';
import { partsOfOwn } from './ownSchema.js';
import { schemaOfParts } from './schemaOfParts.js';
import { partsOfUltralytics } from './ultralytics.js';

/**
 * The joint schema that a file describes, in any of these forms: wgrad's own, a file of COCO's form or an entry of its
 * `categories`, mmpose's `dataset_info` (JSON, or the Python file that assigns it, of which nothing is run), Ultralytics'
 * `data.yaml`.
 * @param text the file's content
 * @param file its name, for messages and for a schema without a name
 * @throws DataError where the file is of no such form or contradicts itself
 */
export async function parseSchema(text: string, file: string): Promise<JointSchema> {
  return schemaOfValue(await valueIn(text, file), file);
}

/** `parseSchema` of a value that is read already. */
export function schemaOfValue(value: unknown, file: string): JointSchema {
  const parts = partsOf(value, file);
  return schemaOfParts({ ...parts, name: parts.name === file ? fileStem(file) : parts.name }, file);
}

function partsOf(value: unknown, file: string): JointParts {
  if (Array.isArray(value)) {
    return partsOfCategories(
      value.map((entry, i) => new JsonEntry(entry, file, `[${i}]`)),
      file,
    );
  }
  const root = new JsonEntry(value, file);
  if (root.has('dataset_info')) return partsOf((value as { dataset_info: unknown }).dataset_info, file);
  if (root.has('keypoint_info')) return partsOfMmpose(value, file);
  if (root.has('kpt_shape')) return partsOfUltralytics(value, file);
  if (root.has('categories')) return partsOfCategories(root.entries('categories'), file);
  if (root.has('keypoints')) return partsOfCategories([root], file);
  if (root.has('joints')) return partsOfOwn(value, file);
  throw new DataError(
    `${file}: no joints in it; expected "joints" (wgrad's own form), "categories" or "keypoints" (COCO's), ` +
      '"keypoint_info" (mmpose\'s dataset_info) or "kpt_shape" (Ultralytics\' data.yaml)',
  );
}

/** The value of a JSON, Python or YAML file; the content tells which it is. */
async function valueIn(text: string, file: string): Promise<unknown> {
  const content = text.replace(/^\uFEFF/, '');
  const isPython = /\.py$/i.test(file) || /^dataset_info\s*=/m.test(content);
  if (isPython) {
    const info = pythonLiteral(content, 'dataset_info', file);
    if (info !== undefined) return info;
    throw new DataError(`${file}: no line in it begins with "dataset_info =", where mmpose describes joints`);
  }
  try {
    if (/\.ya?ml$/i.test(file) || !/^\s*[[{]/.test(content)) return await yamlValue(content);
    return JSON.parse(content);
  } catch (cause) {
    const [why] = (cause as Error).message.split('\n');
    throw new DataError(`${file}: neither JSON, YAML nor mmpose's Python (${why.replace(/:$/, '')})`, { cause });
  }
}

/** The parser is only loaded for a file that wants it. */
async function yamlValue(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text, { logLevel: 'error' });
}
