import { DataError } from 'wgrad';
import { checkState, type ExpectedShapes, formatSafetensors, type StateTensor, type StoredTensor } from 'wgrad/io';
import type { WeightsFile } from '../formats/weightsFile.js';
import type { JointSchema } from '../schema.js';
import { type Architecture, architectureOf, isClassifier, isCounter, shapesOf } from './architecture.js';
import type { Conventions } from './conventions.js';
import { configOfMmpose } from './fileConfig.js';
import { conventionsOf, dimsIn } from './fileConventions.js';
import { lossIn, type TrainedLoss } from './fileLoss.js';
import { schemaIn } from './fileSchema.js';
import type { Naming } from './naming.js';
import { NAMINGS, namingCalled } from './namings.js';
import { namedTensors } from './wrappers.js';

/** A pose network from a file of weights. */
export interface PoseCheckpoint {
  readonly path: string;
  /** The code that named the file's tensors. */
  readonly naming: Naming['name'];
  readonly architecture: Architecture;
  readonly conventions: Conventions;
  /** The loss that trained it, if the file says so. */
  readonly loss?: TrainedLoss | undefined;
  /** What its joints are, if the file says so. */
  readonly schema?: JointSchema | undefined;
  /** Parameters and running statistics under own names (see `Naming`), in PyTorch's layouts. */
  readonly state: ReadonlyMap<string, StateTensor>;
}

/**
 * Finds the pose network in a file of weights. Its tensors may have the names of the official code, of mmpose 0.x or
 * 1.x, of the authors of SimpleBaseline and HRNet, of torchvision and mmpretrain (a backbone, perhaps with a
 * classifier), or wgrad's own.
 * @param path names the file in messages
 * @throws DataError where the names are of no known code, or tensors are missing, unexpected or of a shape that does
 * not fit the others
 */
export function poseCheckpointOf(file: WeightsFile, path: string): PoseCheckpoint {
  const model = new Map([...file.tensors].filter(([name]) => !name.startsWith(OPTIMIZER)));
  const { naming, tensors: weights } = namedTensors(model);
  if (!naming) {
    const some = [...weights.keys()].slice(0, 3).join(', ') || 'no tensor';
    const signs = NAMINGS.map(({ name, sign }) => `${sign} (${name})`).join(', ');
    throw new DataError(`${path}: weights of no known pose network: found ${some}, expected ${signs}`);
  }
  const state = naming.toOwn(weights, path, configOfMmpose(file.metadata));
  const architecture = architectureOf(state, dimsIn(file.metadata, path));
  const shapes = shapesOf(architecture);
  requireLikeness(shapes, state, naming, path);
  const isExpected = (name: string) => isClassifier(name) || isElsewhere(name, architecture);
  checkState(state, shapes, path, (name) => isExpected(name) || (isCounter(name) && shapes.has(name)));
  return {
    path,
    naming: naming.name,
    architecture,
    conventions: conventionsOf(naming.name, architecture, file, path),
    loss: lossIn(file.metadata, path),
    schema: schemaIn(file.metadata, architecture.joints, path),
    state,
  };
}

const OPTIMIZER = 'optimizer.';

/**
 * @throws DataError where names only resemble those of a known code: to name a thousand tensors that are missing would
 *   hide that it is another network
 */
function requireLikeness(expected: ExpectedShapes, state: ReadonlyMap<string, unknown>, naming: Naming, path: string) {
  const wanted = [...expected.keys()].filter((name) => !isCounter(name));
  const found = wanted.filter((name) => state.has(name)).length;
  if (found >= wanted.length / 2) return;
  throw new DataError(
    `${path}: weights of no known pose network: some names are like those of ${naming.name}, but the network that is most like ` +
      `it has ${wanted.length} tensors, of which ${found} are here; wgrad-pose convert keeps its names`,
  );
}

/**
 * Whether a tensor belongs to a backbone that wgrad does not know. It cannot be checked, but is converted all the same.
 */
function isElsewhere(name: string, { backbone }: Architecture): boolean {
  return backbone === undefined && /^(preact|fc_coord|fc_sigma|deconv_layers|final_layer)\./.test(name);
}

/** A pose network as the bytes of a file. */
export interface FormattedCheckpoint {
  readonly bytes: Uint8Array;
  /** The names in the file, and the own names that this naming has no name for. */
  readonly written: readonly string[];
  readonly dropped: readonly string[];
}

/**
 * A pose network as safetensors in the names of one of the codes. Its conventions, joints and loss are in the metadata, so that
 * `poseCheckpointOf` returns the same network whatever the names are.
 * @param names default: those of the file it came from
 * @param where names the file in messages
 * @throws DataError where the naming cannot hold the network
 */
export function formatPoseCheckpoint(
  { state, naming, conventions, path, schema, loss }: PoseCheckpoint,
  names: string = naming,
  where = path,
): FormattedCheckpoint {
  const target = namingCalled(names);
  const tensors = target.fromOwn(state, conventions);
  const bytes = formatSafetensors(
    tensors,
    {
      ...{ format: 'pt', conventions: JSON.stringify(conventions) },
      ...(schema && { schema: JSON.stringify(schema) }),
      ...(loss && { loss: JSON.stringify(loss) }),
    },
    { checksum: true },
  );
  const kept = target.toOwn(tensors, where);
  return { bytes, written: [...tensors.keys()], dropped: [...state.keys()].filter((name) => !kept.has(name)) };
}

/** How many numbers training learns: statistics, constants and counters do not count. */
export function parameterCount(tensors: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>): number {
  let count = 0;
  for (const [name, { shape }] of tensors) {
    if (!NOT_LEARNED.test(name)) count += shape.reduce((product, n) => product * n, 1);
  }
  return count;
}

const NOT_LEARNED =
  /(^|\.)(running_mean|running_var|num_batches_tracked|mask|loc|cov)$|^data_preprocessor\.|^optimizer\./;
