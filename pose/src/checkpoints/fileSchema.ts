import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import type { WeightsFile } from '../formats/weightsFile.js';
import { crowdpose14, type JointSchema, lsp14 } from '../schema.js';
import { SCHEMAS } from '../schemas/known.js';
import { schemaOfValue } from '../schemas/schemaFile.js';

/**
 * The joints of a network, as wgrad's training and `convert` store them. Runs of versions that stored none had a known schema:
 * the one of so many joints, and of the two with 14 that of the generated figures, or that which the data's folder is named after.
 * @returns undefined where the file does not tell
 * @throws DataError where what is stored is no schema, or one of another number of joints
 */
export function schemaIn(
  { wgrad, config, schema }: WeightsFile['metadata'],
  joints: number,
  path: string,
): JointSchema | undefined {
  const run = wgrad === undefined ? null : (parsed(config) as { schema?: unknown; config?: unknown } | null);
  const stored = schema === undefined ? run?.schema : parsed(schema);
  // A backbone alone, as torchvision's names have it, has lost the head that the joints were of.
  if (joints === 0) return undefined;
  if (stored === undefined || stored === null) return run?.config ? schemaOfOldRun(run.config, joints) : undefined;
  const found = schemaOfValue(stored, `${path} (schema)`);
  if (found.joints.length === joints) return found;
  throw new DataError(
    `${path}: a network of ${counted(joints, 'joint')} with the schema of ${found.joints.length}, ${found.name}; it is damaged`,
  );
}

function schemaOfOldRun(config: object, joints: number): JointSchema | undefined {
  const { data } = config as { data?: unknown };
  const fitting = SCHEMAS.filter((schema) => schema.joints.length === joints);
  if (joints !== lsp14.joints.length) return fitting[0];
  if (data === null) return lsp14;
  const named = [crowdpose14, lsp14].filter(({ name }) =>
    String(data).toLowerCase().includes(name.replace(/\d+$/, '')),
  );
  return named.length === 1 ? named[0] : undefined;
}

/** Null for text that is no JSON. */
function parsed(text = 'null'): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
