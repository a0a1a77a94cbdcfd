import { DataError } from '../errors.js';
import { OPTIMIZER } from './checkpoint.js';
import { formatSafetensors, parseSafetensors } from './safetensors.js';
import { checkState } from './stateDict.js';
import { downloadState, fractionalNames, stateShapes, uploadState } from './treeState.js';

/** Options of `parseWeights` and `loadWeights`. */
export interface WeightsOptions {
  /** Whether the file must have every name of the tree and no other; shapes must agree in any case. Default true. */
  readonly strict?: boolean;
  /** What to call the source in an error; default `weights`. */
  readonly where?: string;
}

/**
 * The weights of a tree as the bytes of a safetensors file, in PyTorch's names and layouts, so that
 * `model.load_state_dict(safetensors.torch.load_file(path))` takes them where the paths are those of the model. See
 * `downloadState` for what is saved under which name; `saveWeights` of `wgrad/io/node` writes them to a file.
 *
 * @throws DataError naming what no file can hold
 */
export async function formatWeights(tree: unknown): Promise<Uint8Array> {
  // Tools around PyTorch look for this key to learn whose names and layouts these are.
  return formatSafetensors(await downloadState(tree), { format: 'pt' }, { checksum: true });
}

/**
 * Reads weights into a tree that was made as the saved one was, or has the names of a PyTorch model. Its tensors are overwritten
 * in place, wherever they lie, in packed arenas for example.
 *
 * @param bytes a safetensors file, from `formatWeights`, from PyTorch's `safetensors.torch.save_file`, or a checkpoint, of
 *   which only the model counts
 * @returns the tree with these tensors, and with the numbers of the file in place of its own
 * @throws DataError if the bytes are no such file, or names or shapes are not those of the tree; nothing is written then
 */
export function parseWeights<T>(
  bytes: Uint8Array,
  tree: T,
  { strict = true, where = 'weights' }: WeightsOptions = {},
): T {
  const { tensors } = parseSafetensors(bytes, where);
  const model = new Map([...tensors].filter(([name]) => !name.startsWith(OPTIMIZER)));
  checkState(model, stateShapes(tree), where, () => !strict);
  const [fraction] = fractionalNames(tree, model);
  if (fraction !== undefined) {
    throw new DataError(
      `${where}: "${fraction}" holds fractions, the tensor of the tree integers; build the saved model`,
    );
  }
  return uploadState(tree, model);
}
