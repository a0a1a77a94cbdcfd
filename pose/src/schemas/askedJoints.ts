import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import type { JointSchema } from '../schema.js';
import { plainName } from './jointNames.js';
import { checkParts } from './jointParts.js';
import { haveSameJoints } from './known.js';
import { numbersOf } from './ownSchema.js';

/** What the joints are, and their OKS sigmas, as typed: a name, a file, numbers; null = as the data say. */
export interface JointOptions {
  readonly joints: string | null;
  readonly sigmas: string | null;
}

export const AS_THE_DATA_SAY: JointOptions = { joints: null, sigmas: null };

/** What is said of joints beside the file that has them: `--joints`, `--run`, `--sigmas`. */
export interface AskedJoints {
  readonly schema?: JointSchema | undefined;
  /** The option that gave the schema, for messages. */
  readonly option?: string;
  /** One number, a list, or `{joint: number}`. */
  readonly sigmas?: unknown;
  /** What was typed behind `--sigmas`. */
  readonly sigmasText?: string;
}

/**
 * The schema of a file's joints with what is said beside it, which goes before what the file says.
 * @param own what the file itself says
 * @param where names the file in messages
 * @throws DataError where the schema that was asked for has another number of joints, or those of the file in another
 * order, and where sigmas are not positive numbers, one for each joint
 */
export function withAsked(own: JointSchema, asked: AskedJoints = {}, where: string): JointSchema {
  const { schema = own, option = '--joints', sigmas, sigmasText } = asked;
  const names = `${option}: ${schema.name} has ${counted(schema.joints.length, 'joint')}`;
  if (schema.joints.length !== own.joints.length) {
    throw new DataError(`${names}, and ${where} ${own.joints.length}; give the schema of its joints`);
  }
  const sorted = ({ joints }: JointSchema) => joints.map(plainName).sort().join();
  if (sorted(schema) === sorted(own) && !haveSameJoints(schema, own)) {
    throw new DataError(
      `${names}, which ${where} has in another order: ${own.joints.join(', ')}; list them in that order, or, if the names ` +
        'there are wrong, correct them there',
    );
  }
  if (sigmas === undefined) return schema;
  const place = `--sigmas ${sigmasText}`;
  const oksSigmas = numbersOf({ oksSigmas: sigmas }, 'oksSigmas', schema.joints, place);
  const known = { ...schema, ...(oksSigmas && { oksSigmas }) };
  checkParts(known, place);
  return known;
}
