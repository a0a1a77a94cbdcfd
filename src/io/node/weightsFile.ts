import { formatWeights, parseWeights, type WeightsOptions } from '../weights.js';
import { writeFileAtomic } from './atomicFile.js';
import { readBytes } from './readBytes.js';

/**
 * Writes the weights of a tree, parameters and running statistics alike, as a safetensors file in PyTorch's names and layouts:
 * see `formatWeights`.
 *
 * @throws DataError naming what no file can hold, or where the file cannot be written; the one that was there before stays
 */
export async function saveWeights(tree: unknown, path: string): Promise<void> {
  await writeFileAtomic(path, await formatWeights(tree));
}

/**
 * Reads weights that `saveWeights` or PyTorch's `safetensors.torch.save_file` wrote into a tree of the same names, in place:
 * `net = await loadWeights('net.safetensors', net)`. See `parseWeights`.
 *
 * @returns the tree with these tensors, and with the numbers of the file, such as `num_batches_tracked`, in place of its own
 * @throws DataError where the file cannot be read, or is of another tree; nothing is written then
 */
export async function loadWeights<T>(path: string, tree: T, options: Omit<WeightsOptions, 'where'> = {}): Promise<T> {
  return parseWeights(await readBytes(path), tree, { ...options, where: path });
}
