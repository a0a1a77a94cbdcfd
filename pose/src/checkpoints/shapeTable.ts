import type { ExpectedShapes } from 'wgrad/io';
import type { ConvSpec, Layers } from './layers.js';

/** Lists the tensors of layers, in PyTorch's layouts. */
export class ShapeTable implements Layers<null> {
  readonly #shapes = new Map<string, readonly number[]>();

  get shapes(): ExpectedShapes {
    return this.#shapes;
  }

  convNorm(_: null, conv: string, norm: string, { inputs, outputs, side, depthwise }: ConvSpec): null {
    this.#shapes.set(`${conv}.weight`, [outputs, depthwise ? 1 : inputs, side, side]);
    return this.#norm(norm, outputs);
  }

  deconvNorm(_: null, conv: string, norm: string, inputs: number, outputs: number): null {
    this.#shapes.set(`${conv}.weight`, [inputs, outputs, 4, 4]);
    return this.#norm(norm, outputs);
  }

  pointwise(_: null, name: string, inputs: number, outputs: number): null {
    this.#shapes.set(`${name}.weight`, [outputs, inputs, 1, 1]).set(`${name}.bias`, [outputs]);
    return null;
  }

  linear(_: null, name: string, inputs: number, outputs: number): null {
    this.#shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
    return null;
  }

  relu = () => null;
  relu6 = () => null;
  maxPool = () => null;
  repeat = () => null;
  add = () => null;

  #norm(name: string, channels: number): null {
    for (const part of ['weight', 'bias', 'running_mean', 'running_var'])
      this.#shapes.set(`${name}.${part}`, [channels]);
    this.#shapes.set(`${name}.num_batches_tracked`, []);
    return null;
  }
}
