import { attributesOf } from '../../autograd/attributes.js';

import { grid } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { Rng } from '../../tensor/rng.js';
import { checkShape, type Shape, sizeOf } from '../../tensor/shape.js';
import { type Device, type Kernel, Tensor } from '../../tensor/tensor.js';
import random, { type Distribution } from '../wgsl/random.wgsl.js';

const draws = /* @__PURE__ */ programs('random', random);

interface DrawAttrs {
  readonly key: readonly [number, number];
  /** First counter of the draw. */
  readonly counter: number;
}

/** Words of the output that one thread draws; normals come in pairs. */
const DRAWN = { uniform: 1, normal: 2 } as const;

function generator(distribution: Distribution): Kernel<DrawAttrs> {
  const name = `random.${distribution}`;
  return {
    name,
    reference(_, [y], { key, counter }) {
      const rng = Rng.from({ key, counter });
      for (let i = 0; i < y.data.length; i++) y.data[i] = rng[distribution]();
    },
    launches(_, [y], { key, counter }) {
      const threads = Math.ceil(y.size / DRAWN[distribution]);
      return [
        {
          program: draws(distribution),
          read: [],
          write: [y],
          params: [...key, counter >>> 0, Math.floor(counter / 2 ** 32), y.size, threads],
          grid: grid(threads),
        },
      ];
    },
  };
}

function shapeOf(by: string, attrs: { readonly shape: Shape }): Shape {
  return attributesOf(by, NO_SHAPE, attrs).shape;
}

const NO_SHAPE: { readonly shape: Shape } = { shape: [Number.NaN] };

function draw(kernel: Kernel<DrawAttrs>, device: Device, rng: Rng, shape: Shape, counters: number): Tensor {
  checkShape(kernel.name, shape);
  const y = new Tensor(device, shape, 'float32', device.allocate('float32', sizeOf(shape)));
  device.run(kernel, [], [y], { key: rng.key, counter: rng.reserve(counters) });
  return y;
}

const uniform = /* @__PURE__ */ generator('uniform');
const normal = /* @__PURE__ */ generator('normal');

/** Uniform in [0, 1), multiples of 2^-24: the numbers that as many calls of `rng.uniform()` give, drawn on the device. */
export function randomUniform(device: Device, rng: Rng, attrs: { readonly shape: Shape }): Tensor {
  const shape = shapeOf('randomUniform', attrs);
  return draw(uniform, device, rng, shape, sizeOf(shape));
}

/**
 * Standard normal: the numbers that as many calls of `rng.normal()` give, to float32's precision, drawn on the device.
 * Normals are drawn in pairs; where their count is odd, the second number of the last pair is dropped.
 */
export function randomNormal(device: Device, rng: Rng, attrs: { readonly shape: Shape }): Tensor {
  const shape = shapeOf('randomNormal', attrs);
  return draw(normal, device, rng, shape, 2 * Math.ceil(sizeOf(shape) / 2));
}
