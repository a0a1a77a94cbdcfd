import { DataError } from 'wgrad';
import type { JointSchema } from '../schema.js';

/**
 * The OKS sigmas of a schema.
 * @param wanted what needs them, for the message
 * @throws DataError where the schema has none
 */
export function sigmasFor({ name, oksSigmas }: JointSchema, wanted: string): readonly number[] {
  if (oksSigmas) return oksSigmas;
  throw new DataError(
    `${wanted}: OKS weighs each joint by a sigma, and of the joints of ${name} none is known; give --sigmas FILE, or ` +
      '--sigmas 0.05 for all of them',
  );
}
