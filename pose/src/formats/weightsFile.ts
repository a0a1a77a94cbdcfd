import { DataError } from 'wgrad';
import { OPTIMIZER, parseSafetensors, type StateDict } from 'wgrad/io';
import { fileKindOf } from './fileKind.js';
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
  if (part !== undefined && looksLikeSafetensors(bytes)) {
    throw new DataError(`${path}: no file of PyTorch, so without parts such as "${part}"; leave the option out`);
  }
  if (!looksLikeSafetensors(bytes)) throw new DataError(`${path}: ${otherFile(bytes)}`);
  const { tensors, metadata } = parseSafetensors(bytes, path);
  return { format: 'safetensors', tensors, metadata, part: '', parts: [], unknown: [] };
}

/** The weights of a file without the optimiser's memory, to start a model from. */
export function modelWeights({ tensors }: WeightsFile): StateDict {
  return new Map([...tensors].filter(([name]) => !name.startsWith(OPTIMIZER)));
}

/** Whether eight bytes of length and the beginning of JSON stand in front; the parser reports a damaged header. */
function looksLikeSafetensors(bytes: Uint8Array): boolean {
  return bytes[8] === '{'.charCodeAt(0);
}

/** What to do with files that are often met where weights should be. */
const REMEDIES: Readonly<Record<string, string>> = {
  'an empty file': 'download it again',
  'a file of zeros': 'download it again',
  'an HTML page': 'a download that asked for something first, or a link that ran out; open the link in a browser',
  'a pointer of Git LFS': 'the file itself is fetched by git lfs pull, or by the download button of its page',
  'a gzip archive': 'unpack it (gunzip, or tar -xzf) and name a file of weights in it',
  'a tar archive': 'unpack it (tar -xf); a file of PyTorch before 0.1.10 is loaded and saved again in Python',
  HDF5: 'weights of Keras or TensorFlow (.h5); load them in Python and write them with safetensors.numpy.save_file',
  'a NumPy array': 'write its arrays by name with safetensors.numpy.save_file',
  'a MATLAB file': 'read it with scipy.io.loadmat and write it with safetensors.numpy.save_file',
  'TensorFlow Lite': 'a program with its weights; take the weights that it was made from',
  ONNX: 'wgrad-pose export writes ONNX and nothing reads it; take the weights that it was made from',
  GGUF: 'weights of llama.cpp; take the safetensors that they were made from',
  'a pickle of Python': 'load it in Python, if you trust it, and save a dict of tensors with torch.save',
};

const WANTED = 'weights are read as safetensors or as a file of PyTorch (.pth, .pt) that torch.save wrote';

function otherFile(bytes: Uint8Array): string {
  const kind = fileKindOf(bytes);
  if (kind === undefined) return `neither safetensors nor a file of PyTorch that torch.save wrote; ${WANTED}`;
  const remedy = REMEDIES[kind] ?? (/archive$/.test(kind) ? 'unpack it and name a file of weights in it' : undefined);
  return `${kind}, not weights${remedy === undefined ? '' : `: ${remedy}`}; ${WANTED}`;
}
