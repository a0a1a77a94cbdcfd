import { DataError } from 'wgrad';
import { OPTIMIZER, parseSafetensors, type StateDict } from 'wgrad/io';
import { readBytes } from 'wgrad/io/node';
import { isTorchFile, readTorchState, type TorchState } from './torch/torchState.js';

/** The weights of a file, in PyTorch's layouts, under the names that the file has. */
export interface WeightsFile extends Omit<TorchState, 'format'> {
  readonly format: TorchState['format'] | 'safetensors';
}

/**
 * Reads the weights of a safetensors file, or of a file that `torch.save` wrote (a zip, or the format before PyTorch
 * 1.6), by what the file begins with; nothing of a file is ever run.
 * @param part a dict of the file other than the model's; only files of PyTorch have parts
 * @throws DataError where the file cannot be read, is of another format, damaged, or holds no state dict
 */
export async function readWeightsFile(path: string, part?: string): Promise<WeightsFile> {
  const bytes = await readBytes(path);
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

/**
 * Reads the weights of any file, a checkpoint, other safetensors or a file of PyTorch, to start a model from.
 * @throws DataError where the file cannot be read or is damaged
 */
export async function loadWeights(path: string): Promise<StateDict> {
  const { tensors } = await readWeightsFile(path);
  return new Map([...tensors].filter(([name]) => !name.startsWith(OPTIMIZER)));
}

/** A header of JSON behind eight bytes of length; a cut or spoilt one is for the parser to judge. */
function looksLikeSafetensors(bytes: Uint8Array): boolean {
  return bytes.length < 9 || bytes[8] === '{'.charCodeAt(0);
}
