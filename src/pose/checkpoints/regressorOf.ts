import { DataError } from '../../errors.js';
import { type StateTensor, type StateTree, unflattenState } from '../../io/stateDict.js';
import { fromTorchLayout } from '../../io/torchLayout.js';
import type { HeadOptions } from '../../rle/head.js';
import type { RegressorParams, RegressorState } from '../../rle/regressor.js';
import type { Device } from '../../tensor/backend.js';
import type { Architecture } from './architecture.js';
import type { PoseCheckpoint } from './poseCheckpoint.js';
import type { ResnetShape } from './resnetShapes.js';

/** A regressor on a device; sigmas and the flow of its loss are there if the file had them (`flow2d`, `flow3d` for 3-D). */
export interface LoadedRegressor {
  readonly params: Omit<RegressorParams, 'flow' | 'fc_sigma'> & Partial<Pick<RegressorParams, 'flow' | 'fc_sigma'>>;
  readonly state: RegressorState;
  /** What `regressor.apply` must know besides. */
  readonly head: Required<HeadOptions>;
}

/** Running statistics, which `regressor.apply` takes apart from the parameters. */
const STATISTICS = /\.(running_mean|running_var|num_batches_tracked)$/;
const COUNTER = 'num_batches_tracked';
/** Records whose keys count up: blocks of a stage, couplings of a flow. */
const LISTS = /^(layer[1-4]|t|s)$/;

/**
 * Puts a checkpoint's ResNet with its RLE or regression head on a device.
 * @throws DataError where the checkpoint is of another kind of network
 */
export function regressorOf(
  device: Device,
  { path, architecture, conventions, state }: PoseCheckpoint,
): LoadedRegressor {
  requireRegressor(path, architecture);
  const own = [...fromTorchLayout(state)];
  const learned = own.filter(([name]) => !STATISTICS.test(name) && !name.startsWith('preact.fc.'));
  const running = own.filter(([name]) => STATISTICS.test(name));
  // Files from before PyTorch 0.4.1 have no counters; training then counts from 0.
  const counters = running
    .filter(([name]) => name.endsWith('running_mean'))
    .map(([name]) => name.replace(/running_mean$/, COUNTER))
    .filter((name) => !state.has(name))
    .map((name) => [name, { shape: [], data: BigInt64Array.of(0n) }] as const);
  return {
    params: onDevice(device, unflattenState(new Map(learned))) as LoadedRegressor['params'],
    state: onDevice(device, unflattenState(new Map([...running, ...counters]))) as RegressorState,
    head: { normalise: conventions.normalise, dims: architecture.dims },
  };
}

/** @throws DataError where the network is no ResNet with an RLE or regression head, whose outputs are coordinates */
export function requireRegressor(
  path: string,
  architecture: Architecture,
): asserts architecture is Architecture & { readonly resnet: ResnetShape; readonly head: 'rle' | 'regression' } {
  if (architecture.resnet && (architecture.head === 'rle' || architecture.head === 'regression')) return;
  throw new DataError(`${path}: not a ResNet with an RLE or regression head; wgrad inspect shows what it is`);
}

function onDevice(device: Device, tree: StateTree): unknown {
  const entries = Object.entries(tree).map(([key, node]): [string, unknown] => {
    if (!ArrayBuffer.isView(node.data)) {
      const made = onDevice(device, node as StateTree);
      return [key, LISTS.test(key) ? Object.values(made as object) : made];
    }
    const { shape, data } = node as StateTensor;
    const numbers = data instanceof BigInt64Array ? Array.from(data, Number) : data;
    return [key, key === COUNTER ? numbers[0] : device.tensor(numbers, shape)];
  });
  return Object.fromEntries(entries);
}
