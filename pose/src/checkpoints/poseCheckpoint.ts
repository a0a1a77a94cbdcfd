import { DataError } from 'wgrad';
import { checkState, formatSafetensors, type StateTensor, type StoredTensor } from 'wgrad/io';
import type { WeightsFile } from '../formats/weightsFile.js';
import { savedConfig, type TrainConfig } from '../train/config.js';
import { type Architecture, architectureOf, isOptional, shapesOf } from './architecture.js';
import type { Conventions } from './conventions.js';
import { configOfMmpose, configOfRun } from './fileConfig.js';
import { conventionsOf, dimsIn } from './fileConventions.js';
import type { Naming } from './naming.js';
import { NAMINGS, namingCalled, namingOf } from './namings.js';

/** A pose network out of a file of weights. */
export interface PoseCheckpoint {
  readonly path: string;
  /** The code that named the file's tensors. */
  readonly naming: Naming['name'];
  readonly architecture: Architecture;
  readonly conventions: Conventions;
  /** The run of wgrad that it is a checkpoint of, if this version knows its configuration. */
  readonly run?: TrainConfig;
  /** Parameters and running statistics under own names (see `Naming`), in PyTorch's layouts. */
  readonly state: ReadonlyMap<string, StateTensor>;
}

/**
 * The pose network in a file of weights that was read: in the names of the official code, of mmpose 0.x or 1.x, of the authors of
 * SimpleBaseline and HRNet, of torchvision and mmpretrain (a backbone, perhaps with a classifier), or wgrad's own.
 * @param path names the file in messages
 * @throws DataError where nobody's names are in it, or tensors are missing, unexpected or of another shape than the rest says
 */
export function poseCheckpointOf(file: WeightsFile, path: string): PoseCheckpoint {
  const weights = new Map([...file.tensors].filter(([name]) => !name.startsWith(OPTIMIZER)));
  const naming = namingOf([...weights.keys()]);
  if (!naming) {
    const some = [...weights.keys()].slice(0, 3).join(', ') || 'no tensor';
    const signs = NAMINGS.map(({ name, sign }) => `${sign} (${name})`).join(', ');
    throw new DataError(`${path}: weights of no known pose network: found ${some}, expected ${signs}`);
  }
  const state = naming.toOwn(weights, path, configOfMmpose(file.metadata));
  const architecture = architectureOf(state, dimsIn(file.metadata, path));
  checkState(state, shapesOf(architecture), path, (name) => isOptional(name) || isElsewhere(name, architecture));
  return {
    path,
    naming: naming.name,
    architecture,
    conventions: conventionsOf(naming.name, architecture, file, path),
    ...runOf(file.metadata),
    state,
  };
}

function runOf({ wgrad, config }: WeightsFile['metadata']): Pick<PoseCheckpoint, 'run'> {
  const run = wgrad === undefined ? undefined : savedConfig(configOfRun(config));
  return run ? { run } : {};
}

const OPTIMIZER = 'optimizer.';

/** What stands on a backbone that wgrad does not know cannot be checked; it is still carried from names to names. */
function isElsewhere(name: string, { backbone }: Architecture): boolean {
  return backbone === undefined && /^(preact|fc_coord|fc_sigma|deconv_layers|final_layer)\./.test(name);
}

/** A pose network as the bytes of a file. */
export interface FormattedCheckpoint {
  readonly bytes: Uint8Array;
  /** The names in it, and the own names that this naming has no word for. */
  readonly written: readonly string[];
  readonly dropped: readonly string[];
}

/**
 * A pose network as safetensors in the names of one of the codes, its conventions in the metadata, so that `poseCheckpointOf`
 * gives the same network whatever the names.
 * @param names default: those of the file it came from
 * @param where names the file in messages
 * @throws DataError where the naming cannot hold the network
 */
export function formatPoseCheckpoint(
  { state, naming, conventions, path }: PoseCheckpoint,
  names: string = naming,
  where = path,
): FormattedCheckpoint {
  const target = namingCalled(names);
  const tensors = target.fromOwn(state, conventions);
  const bytes = formatSafetensors(tensors, { format: 'pt', conventions: JSON.stringify(conventions) });
  const kept = target.toOwn(tensors, where);
  return { bytes, written: [...tensors.keys()], dropped: [...state.keys()].filter((name) => !kept.has(name)) };
}

/** Numbers that training learns: neither statistics nor constants nor counters. */
export function parameterCount(tensors: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>): number {
  let count = 0;
  for (const [name, { shape }] of tensors) {
    if (!NOT_LEARNED.test(name)) count += shape.reduce((product, n) => product * n, 1);
  }
  return count;
}

const NOT_LEARNED =
  /(^|\.)(running_mean|running_var|num_batches_tracked|mask|loc|cov)$|^data_preprocessor\.|^optimizer\./;
