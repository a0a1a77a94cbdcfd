import { DataError, type Device } from 'wgrad';
import { counted, fromTorchLayout, type StateTensor, type StateTree, unflattenState } from 'wgrad/io';
import type { HeadOptions, HeadParams, RealNvpParams } from 'wgrad/rle';
import type { BackboneParams, BackboneState } from '../backbones/backbone.js';
import type { HeatmapHeadParams, HeatmapHeadState } from '../heatmaps/heatmapHead.js';
import { type Architecture, isClassifier } from './architecture.js';
import type { BackboneShape } from './backboneShape.js';
import type { PoseCheckpoint } from './poseCheckpoint.js';

/** A network on a device: its backbone, and the heads and flows that its file has (two flows in 3-D). */
export interface LoadedNetwork {
  readonly params: { readonly preact: BackboneParams } & Partial<HeadParams & HeatmapHeadParams> & {
      readonly [flow in 'flow' | 'flow2d' | 'flow3d']?: RealNvpParams;
    };
  readonly state: { readonly preact: BackboneState } & HeatmapHeadState;
  /** The options that `head.apply` needs. */
  readonly head: Required<HeadOptions>;
}

/** Running statistics, which networks keep apart from the parameters. */
const STATISTICS = /\.(running_mean|running_var|num_batches_tracked)$/;
const COUNTER = 'num_batches_tracked';

/**
 * Puts a checkpoint's network on a device, without a classifier that it may still have.
 * @throws DataError where wgrad does not know the backbone
 */
export function networkOf(device: Device, { path, architecture, conventions, state }: PoseCheckpoint): LoadedNetwork {
  if (!architecture.backbone) throw new DataError(`${path}: ${UNKNOWN}`);
  const own = [...fromTorchLayout(state)].filter(([name]) => !isClassifier(name));
  const learned = own.filter(([name]) => !STATISTICS.test(name));
  const running = own.filter(([name]) => STATISTICS.test(name));
  // Files from before PyTorch 0.4.1 have no counters; training then counts from 0.
  const counters = running
    .filter(([name]) => name.endsWith('running_mean'))
    .map(([name]) => name.replace(/running_mean$/, COUNTER))
    .filter((name) => !state.has(name))
    .map((name) => [name, { shape: [], data: BigInt64Array.of(0n) }] as const);
  const params = onDevice(device, unflattenState(new Map(learned))) as LoadedNetwork['params'];
  const statistics = onDevice(device, unflattenState(new Map([...running, ...counters]))) as LoadedNetwork['state'];
  return {
    // A heatmap head on an HRNet has no transposed convolutions, so the file has no names of them.
    params: architecture.maps ? { deconv_layers: {}, ...params } : params,
    state: { ...statistics, deconv_layers: statistics.deconv_layers ?? {} },
    head: { normalise: conventions.normalise, dims: architecture.dims },
  };
}

const UNKNOWN = 'not a ResNet, a MobileNetV2 or an HRNet; wgrad-pose inspect shows what it is';

/** @throws DataError unless the network predicts joints */
export function requirePoseNetwork(
  path: string,
  architecture: Architecture,
): asserts architecture is Architecture & {
  readonly backbone: BackboneShape;
  readonly head: Exclude<Architecture['head'], 'none'>;
} {
  if (!architecture.backbone) throw new DataError(`${path}: ${UNKNOWN}`);
  if (architecture.head === 'none') {
    const { classes } = architecture;
    const what =
      classes === undefined ? 'a backbone without a head' : `a classifier of ${counted(classes, 'class', 'classes')}`;
    throw new DataError(`${path}: ${what}, which says nothing of joints; train --init ${path} trains a head for it`);
  }
}

function onDevice(device: Device, tree: StateTree): unknown {
  const entries = Object.entries(tree).map(([key, node]): [string, unknown] => {
    if (!isTensor(node)) return [key, onDevice(device, node)];
    const numbers = node.data instanceof BigInt64Array ? Array.from(node.data, Number) : node.data;
    return [key, key === COUNTER ? numbers[0] : device.tensor(numbers, node.shape)];
  });
  return isList(tree) ? entries.map(([, member]) => member) : Object.fromEntries(entries);
}

/**
 * PyTorch numbers the members of lists from 0, and also the modules of a sequence; but members of a list hold no
 * tensors themselves.
 */
function isList(tree: StateTree): boolean {
  return Object.entries(tree).every(
    ([key, node], i) => key === String(i) && !isTensor(node) && !Object.values(node).some(isTensor),
  );
}

function isTensor(node: StateTensor | StateTree): node is StateTensor {
  return ArrayBuffer.isView(node.data);
}
