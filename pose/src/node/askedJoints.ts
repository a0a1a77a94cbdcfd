import { stat } from 'node:fs/promises';
import { DataError } from 'wgrad';
import { readBytes, readJsonFile } from 'wgrad/io/node';
import type { PoseDataset } from '../dataset.js';
import type { JointSchema } from '../schema.js';
import { type AskedJoints, type JointOptions, withAsked } from '../schemas/askedJoints.js';
import { SCHEMAS } from '../schemas/known.js';
import { parseSchema } from '../schemas/schemaFile.js';

/**
 * Reads what the options say of joints.
 * @throws DataError as `readSchema`, and for sigmas that are neither numbers nor a file of them
 */
export async function askedJoints({ joints, sigmas }: Partial<JointOptions>): Promise<AskedJoints> {
  return {
    ...(joints && { schema: await readSchema(joints), option: `--joints ${joints}` }),
    ...(sigmas && { sigmas: await readSigmas(sigmas), sigmasText: sigmas }),
  };
}

/** A known schema by its name, or the one in a file (see `parseSchema`). @throws DataError where it is neither */
export async function readSchema(nameOrFile: string): Promise<JointSchema> {
  const known = SCHEMAS.find(({ name }) => name === nameOrFile);
  if (known) return known;
  if (!(await stat(nameOrFile).catch(() => undefined))) {
    const names = SCHEMAS.map(({ name }) => name).join(', ');
    throw new DataError(`--joints ${nameOrFile}: no such file, and no schema that is known, which are ${names}`);
  }
  return parseSchema(await readText(nameOrFile), nameOrFile);
}

/** One number or several, or those in a file: JSON, or the sigmas of a schema. */
async function readSigmas(text: string): Promise<unknown> {
  const numbers = text.split(',').map(Number);
  if (numbers.every(Number.isFinite) && text.trim() !== '') return numbers.length === 1 ? numbers[0] : numbers;
  if (!(await stat(text).catch(() => undefined))) {
    throw new DataError(
      `--sigmas ${text}: expected a number such as 0.05 for all joints, one for each, or a file of them`,
    );
  }
  const isJson = /\.json$/i.test(text);
  const content = isJson ? await readJsonFile(text) : undefined;
  const isSchema =
    !isJson || ['joints', 'keypoint_info', 'dataset_info'].some((key) => Object.hasOwn(Object(content), key));
  if (!isSchema) return content;
  const { joints, oksSigmas } = await parseSchema(await readText(text), text);
  if (!oksSigmas) throw new DataError(`--sigmas ${text}: it describes joints, but has no sigmas of them`);
  return Object.fromEntries(joints.map((name, k) => [name, oksSigmas[k]]));
}

async function readText(file: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(file));
}

/** A data set whose joints are what the options say. @throws DataError as `askedJoints` and `withAsked` */
export async function withJoints(dataset: PoseDataset, flags: Partial<JointOptions>): Promise<PoseDataset> {
  const schema = withAsked(dataset.schema, await askedJoints(flags), dataset.name);
  // Whoever knows which joints are left and right can mirror what the data set itself could not.
  const mirrorable = schema.flipPairs !== undefined && (dataset.mirrorable || dataset.schema.flipPairs === undefined);
  return { ...dataset, schema, mirrorable };
}
