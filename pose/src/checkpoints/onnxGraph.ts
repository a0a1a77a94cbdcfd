import type { StateTensor } from 'wgrad/io';
import type { OnnxAttribute, OnnxNode } from '../formats/onnx.js';
import type { ConvSpec, Layers } from './layers.js';

/** The epsilon of `batchNorm`, in float32. */
const BATCH_NORM_EPSILON = 1e-5;

/**
 * Writes layers as nodes of ONNX, each named after its output, with the constants that they use. Batch norms stay
 * separate nodes with the names of their parameters; runtimes merge them into convolutions.
 */
export class OnnxGraph implements Layers<string> {
  readonly nodes: OnnxNode[] = [];
  readonly constants = new Map<string, StateTensor>();
  readonly #state: ReadonlyMap<string, StateTensor>;

  /** @param state the weights, under own names and in PyTorch's layouts, which are ONNX's */
  constructor(state: ReadonlyMap<string, StateTensor>) {
    this.#state = state;
  }

  /** Adds a constant that is not among the weights; returns its name. */
  constant(name: string, tensor: StateTensor): string {
    this.constants.set(name, tensor);
    return name;
  }

  /** Adds a node and the weights that it names; returns the name of its output. */
  node(
    output: string,
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
  ): string {
    for (const name of inputs) {
      const weights = this.#state.get(name);
      if (weights) this.constants.set(name, weights);
    }
    this.nodes.push({ op, inputs, output, attributes });
    return output;
  }

  convNorm(x: string, conv: string, norm: string, { inputs, side, stride = 1, depthwise }: ConvSpec): string {
    const padding = (side - 1) / 2;
    const attributes = {
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      ...(depthwise && { group: inputs }),
    };
    return this.#norm(this.node(conv, 'Conv', [x, `${conv}.weight`], attributes), norm);
  }

  deconvNorm(x: string, conv: string, norm: string): string {
    const attributes = { strides: [2, 2], pads: [1, 1, 1, 1] };
    return this.#norm(this.node(conv, 'ConvTranspose', [x, `${conv}.weight`], attributes), norm);
  }

  pointwise(x: string, name: string): string {
    return this.node(name, 'Conv', [x, `${name}.weight`, `${name}.bias`]);
  }

  linear(x: string, name: string): string {
    return this.node(name, 'Gemm', [x, `${name}.weight`, `${name}.bias`], { transB: 1 });
  }

  relu(x: string): string {
    return this.node(`${x}.relu`, 'Relu', [x]);
  }

  relu6(x: string): string {
    return this.node(`${x}.relu6`, 'Clip', [x, this.number('zero', 0), this.number('six', 6)]);
  }

  maxPool(x: string): string {
    const attributes = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
    return this.node(`${x}.maxpool`, 'MaxPool', [x], attributes);
  }

  repeat(x: string, scale: number): string {
    const scales = this.constant(`repeat${scale}`, { shape: [4], data: Float32Array.of(1, 1, scale, scale) });
    // The empty name stands for an input that is left out.
    return this.node(`${x}.repeat`, 'Resize', [x, '', scales], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
  }

  add(a: string, b: string): string {
    return this.node(`${a}.add`, 'Add', [a, b]);
  }

  /** A scalar constant. */
  number(name: string, value: number): string {
    return this.constant(name, { shape: [], data: Float32Array.of(value) });
  }

  /** Whole numbers, such as axes. */
  integers(name: string, ...values: number[]): string {
    return this.constant(name, { shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  #norm(x: string, name: string): string {
    const statistics = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${name}.${part}`);
    return this.node(name, 'BatchNormalization', [x, ...statistics], { epsilon: { float: BATCH_NORM_EPSILON } });
  }
}
