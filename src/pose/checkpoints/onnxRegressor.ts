import { type OnnxAttribute, type OnnxModel, type OnnxNode, OPSET } from '../../io/onnx.js';
import type { StateTensor } from '../../io/stateDict.js';
import { DEPTHS, STAGES } from '../../nn/resnet.js';
import type { Conventions } from './conventions.js';
import type { PoseCheckpoint } from './poseCheckpoint.js';
import { requireRegressor } from './regressorOf.js';

/** Those of `batchNorm` and of the head, in float32. */
const BATCH_NORM_EPSILON = 1e-5;
const NORM_EPSILON = 1e-12;

/**
 * A checkpoint's ResNet and head, without the flow, which only the loss asks, as an ONNX model: `images` [batch, 3, H, W]
 * to `mu` [batch, K, D] and, where the head has it, `sigma` [batch, K, D], in the units of the conventions. Batch norms
 * stay nodes, under the names of their parameters; runtimes fold them.
 * @throws DataError where the checkpoint is no ResNet with an RLE or regression head
 */
export function onnxRegressor({ path, architecture, conventions, state }: PoseCheckpoint): OnnxModel {
  requireRegressor(path, architecture);
  const { resnet, head, joints, dims } = architecture;
  const graph = new GraphBuilder(state);
  const { blocks, bottleneck } = DEPTHS[resnet.depth];

  let x = graph.convNorm('images', 'preact.conv1', 'preact.bn1', 2);
  x = graph.add('preact.relu', 'Relu', [x]);
  x = graph.add('preact.maxpool', 'MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  STAGES.forEach((stage, i) => {
    for (let b = 0; b < blocks[i]; b++) {
      x = residualBlock(graph, x, `preact.${stage}.${b}`, bottleneck, b === 0 && i > 0 ? 2 : 1);
    }
  });
  const pooled = graph.add('features', 'Flatten', [graph.add('pooled', 'GlobalAveragePool', [x])], { axis: 1 });

  graph.constant('head.shape', { shape: [3], data: BigInt64Array.of(0n, BigInt(joints), BigInt(dims)) });
  const linear = (name: string, features: string) => {
    const flat = graph.add(`${name}.flat`, 'Gemm', [features, `${name}.weight`, `${name}.bias`], { transB: 1 });
    return graph.add(`${name}.points`, 'Reshape', [flat, 'head.shape']);
  };
  const coordinates = conventions.normalise ? direction(graph, pooled) : pooled;
  graph.add('mu', 'Identity', [linear('fc_coord.linear', coordinates)]);
  if (head === 'rle') graph.add('sigma', 'Sigmoid', [linear('fc_sigma.linear', pooled)]);

  const [height, width] = conventions.size;
  const doc = { mu: 'coordinates of each joint', sigma: 'scale of the error of each coordinate, in the unit of mu' };
  const outputs = head === 'rle' ? (['mu', 'sigma'] as const) : (['mu'] as const);
  return {
    name: `wgrad_resnet${resnet.depth}_${head}`,
    inputs: [{ name: 'images', shape: ['batch', 3, height, width], doc: 'RGB, (value / 255 - mean) / std' }],
    outputs: outputs.map((name) => ({ name, shape: ['batch', joints, dims], doc: doc[name] })),
    nodes: graph.nodes,
    constants: graph.constants,
    metadata: {
      opset: String(OPSET),
      joints: String(joints),
      conventions: JSON.stringify(conventions),
      preprocessing: inputInWords(conventions),
      postprocessing: outputInWords(conventions),
    },
  };
}

/** Nodes, each named after its output, and the constants that they use. */
class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly constants = new Map<string, StateTensor>();
  readonly #state: ReadonlyMap<string, StateTensor>;

  constructor(state: ReadonlyMap<string, StateTensor>) {
    this.#state = state;
  }

  constant(name: string, tensor: StateTensor): void {
    this.constants.set(name, tensor);
  }

  /** Adds a node and, from the checkpoint, the weights that it names; gives the node's output. */
  add(
    output: string,
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
  ): string {
    for (const name of inputs) {
      const weights = this.#state.get(name);
      if (weights) this.constant(name, weights);
    }
    this.nodes.push({ op, inputs, output, attributes });
    return output;
  }

  /** A convolution that keeps the image's size but for its stride, and its batch norm by running statistics. */
  convNorm(x: string, conv: string, bn: string, stride: number): string {
    const [, , side] = (this.#state.get(`${conv}.weight`) as StateTensor).shape;
    const padding = (side - 1) / 2;
    const pads = [padding, padding, padding, padding];
    const convolved = this.add(conv, 'Conv', [x, `${conv}.weight`], { strides: [stride, stride], pads });
    const statistics = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => `${bn}.${name}`);
    return this.add(bn, 'BatchNormalization', [convolved, ...statistics], { epsilon: { float: BATCH_NORM_EPSILON } });
  }

  has(name: string): boolean {
    return this.#state.has(name);
  }
}

/** `relu(F(x) + shortcut(x))`, the stride on the first 3x3 convolution, as `nn/resnet`. */
function residualBlock(graph: GraphBuilder, x: string, block: string, bottleneck: boolean, stride: number): string {
  const units = bottleneck ? [1, 2, 3] : [1, 2];
  const strided = bottleneck ? 2 : 1;
  let h = x;
  for (const u of units) {
    h = graph.convNorm(h, `${block}.conv${u}`, `${block}.bn${u}`, u === strided ? stride : 1);
    if (u < units.length) h = graph.add(`${block}.relu${u}`, 'Relu', [h]);
  }
  const projection = `${block}.downsample`;
  const hasProjection = graph.has(`${projection}.0.weight`);
  const shortcut = hasProjection ? graph.convNorm(x, `${projection}.0`, `${projection}.1`, stride) : x;
  return graph.add(`${block}.relu`, 'Relu', [graph.add(`${block}.add`, 'Add', [h, shortcut])]);
}

/** `x / sqrt(|x|^2 + eps)`. */
function direction(graph: GraphBuilder, x: string): string {
  graph.constant('norm.axes', { shape: [1], data: BigInt64Array.of(1n) });
  graph.constant('norm.epsilon', { shape: [], data: Float32Array.of(NORM_EPSILON) });
  const squares = graph.add('norm.squares', 'Mul', [x, x]);
  const sum = graph.add('norm.sum', 'ReduceSum', [squares, 'norm.axes'], { keepdims: 1 });
  const norm = graph.add('norm.norm', 'Sqrt', [graph.add('norm.guarded', 'Add', [sum, 'norm.epsilon'])]);
  return graph.add('norm.direction', 'Div', [x, norm]);
}

function inputInWords({ size: [height, width], mean, std, padding, pixel }: Conventions): string {
  return (
    `box times ${padding} about its middle, its short side first extended to ${width}:${height}; input column u shows ` +
    `crop column (u + ${pixel}) / ${width} of its width, bilinear, black outside; RGB, (value / 255 - [${mean.join(', ')}]) ` +
    `/ [${std.join(', ')}]; NCHW`
  );
}

function outputInWords({ origin, depth }: Conventions): string {
  const deep = depth === undefined ? '' : `; z * ${depth} is millimetres below joint 0`;
  return `x + ${origin} is the share of the crop's width from its left edge, y + ${origin} of its height from its top${deep}`;
}
