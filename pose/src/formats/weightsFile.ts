import { DataError } from 'wgrad';
import { OPTIMIZER, parseSafetensors, type StateDict } from 'wgrad/io';
import { isTorchFile, readTorchState, type TorchState } from './torch/torchState.js';

/** The weights of a file, in PyTorch's layouts, under the names that the file has. */
export interface WeightsFile extends Omit<TorchState, 'format'> {
  readonly format: TorchState['format'] | 'safetensors';
}

/**
 * The weights in the bytes of a safetensors file or of a file that `torch.save` wrote (a zip, or the format before
 * PyTorch 1.6); the first bytes tell which. No code of a file is run.
 * @param path names the file in messages
 * @param part a dict of the file other than the model's; only files of PyTorch have parts
 * @throws DataError where the file is of another format, damaged, or holds no state dict
 */
export async function parseWeightsFile(bytes: Uint8Array, path: string, part?: string): Promise<WeightsFile> {
  if (isTorchFile(bytes)) return readTorchState(bytes, path, part);
  if (part !== undefined) {
    throw new DataError(`${path}: no file of PyTorch, so without parts such as "${part}"; leave the option out`);
  }
  if (!looksLikeSafetensors(bytes)) {
    throw new DataError(`${path}: neither safetensors nor a file of PyTorch (.pth, .pt) that torch.save wrote`);
  }
  const { tensors, metadata } = parseSafetensors(bytes, path);
  return { format: 'safetensors', tensors, metadata, part: '', parts: [] };
}

/** The weights of a file without the optimiser's memory, to start a model from. */
export function modelWeights({ tensors }: WeightsFile): StateDict {
  return new Map([...tensors].filter(([name]) => !name.startsWith(OPTIMIZER)));
}

/** Whether eight bytes of length and the beginning of JSON stand in front; the parser reports a damaged header. */
function looksLikeSafetensors(bytes: Uint8Array): boolean {
  return bytes.length < 9 || bytes[8] === '{'.charCodeAt(0);
}
