import type { StateDict } from 'wgrad/io';
import { readBytes, writeFileAtomic } from 'wgrad/io/node';
import {
  type FormattedCheckpoint,
  formatPoseCheckpoint,
  type PoseCheckpoint,
  poseCheckpointOf,
} from '../checkpoints/poseCheckpoint.js';
import { modelWeights, parseWeightsFile, type WeightsFile } from '../formats/weightsFile.js';
import { type InitialWeights, initialWeightsOf } from '../train/initialWeights.js';

/** Reads a file of weights. @throws DataError as `parseWeightsFile`, and where it cannot be read */
export async function readWeightsFile(path: string, part?: string): Promise<WeightsFile> {
  return parseWeightsFile(await readBytes(path), path, part);
}

/**
 * Reads the weights of any file, a checkpoint, other safetensors or a file of PyTorch, to start a model from.
 * @throws DataError where the file cannot be read or is damaged
 */
export async function loadWeights(path: string): Promise<StateDict> {
  return modelWeights(await readWeightsFile(path));
}

/**
 * Reads a pose network, safetensors or a file of PyTorch (see `poseCheckpointOf`).
 * @param part a dict of the file other than the model's, such as `ema_state_dict`
 * @throws DataError as `parseWeightsFile` and `poseCheckpointOf`, and where the file cannot be read
 */
export async function readPoseCheckpoint(path: string, part?: string): Promise<PoseCheckpoint> {
  return poseCheckpointOf(await readWeightsFile(path, part), path);
}

/**
 * Writes a pose network as safetensors (see `formatPoseCheckpoint`), so that `readPoseCheckpoint` gives the same network.
 * @param names default: those of the file it came from
 * @returns the names that were written, and the own names that this naming has no word for
 * @throws DataError where the naming cannot hold the network, or the file cannot be written
 */
export async function writePoseCheckpoint(
  path: string,
  checkpoint: PoseCheckpoint,
  names?: string,
): Promise<Omit<FormattedCheckpoint, 'bytes'>> {
  const { bytes, ...report } = formatPoseCheckpoint(checkpoint, names, path);
  await writeFileAtomic(path, bytes);
  return report;
}

/** Reads weights that runs start from. @throws DataError as `initialWeightsOf`, and where the file is missing or damaged */
export async function readInitialWeights(path: string): Promise<InitialWeights> {
  return initialWeightsOf(await loadWeights(path), path);
}
