import { attributesOf } from '../../autograd/attributes.js';
import { ShapeError } from '../../errors.js';
import { launchThreads } from '../../tensor/grid.js';
import { newTensor } from '../../tensor/newTensor.js';
import { programs } from '../../tensor/programs.js';
import { Rng } from '../../tensor/rng.js';
import { type Shape, sizeOf } from '../../tensor/shape.js';
import type { Device, Kernel, Tensor } from '../../tensor/tensor.js';
import { nameValue } from '../../tensor/tree.js';
import random, { type Distribution } from '../wgsl/random.wgsl.js';

const draws = /* @__PURE__ */ programs('random', random);

interface DrawAttrs {
  readonly key: readonly [number, number];
  /** First counter of the draw. */
  readonly counter: number;
}

/** Words of the output that one thread draws; normals come in pairs. */
const DRAWN = { uniform: 1, normal: 2 } as const;

type Draw = (device: Device, rng: Rng, attrs: { readonly shape: Shape }) => Tensor;

const NO_SHAPE: { readonly shape: Shape } = { shape: [Number.NaN] };

function drawing(name: string, distribution: Distribution): Draw {
  const drawn = DRAWN[distribution];
  const kernel: Kernel<DrawAttrs> = {
    name,
    reference(_, [y], { key, counter }) {
      const rng = Rng.from({ key, counter });
      for (let i = 0; i < y.data.length; i++) y.data[i] = rng[distribution]();
    },
    launches(_, [y], { key, counter }) {
      const threads = Math.ceil(y.size / drawn);
      const params = [...key, counter >>> 0, Math.floor(counter / 2 ** 32), y.size, threads];
      return [launchThreads(threads, draws(distribution), [], [y], params)];
    },
  };
  return (device, rng, attrs) => {
    const { shape } = attributesOf(name, NO_SHAPE, attrs);
    if (!(rng instanceof Rng)) throw new ShapeError(`${name}: rng is ${nameValue(rng)}, expected an Rng; pass one`);
    const y = newTensor(name, device, shape, 'float32');
    const counter = rng.reserve(drawn * Math.ceil(sizeOf(shape) / drawn));
    device.run(kernel, [], [y], { key: rng.key, counter });
    return y;
  };
}

/** Uniform in [0, 1), multiples of 2^-24: the numbers that as many calls of `rng.uniform()` give, drawn on the device. */
export const randomUniform: Draw = /* @__PURE__ */ drawing('randomUniform', 'uniform');

/**
 * Standard normal: the numbers that as many calls of `rng.normal()` give, to float32's precision, drawn on the device.
 * Normals are drawn in pairs; where their count is odd, the second number of the last pair is dropped.
 */
export const randomNormal: Draw = /* @__PURE__ */ drawing('randomNormal', 'normal');
