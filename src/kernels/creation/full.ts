import { attributesOf } from '../../autograd/attributes.js';
import { type Bindable, f32bits, type Launch } from '../../tensor/backend.js';
import { launchThreads, threadEntry } from '../../tensor/grid.js';
import { newTensor } from '../../tensor/newTensor.js';
import { programs } from '../../tensor/programs.js';
import { type DType, isFloat, type Shape } from '../../tensor/shape.js';
import type { Device, Kernel, Tensor } from '../../tensor/tensor.js';

interface FillAttrs {
  readonly value: number;
}

/** The 32 bits of a number in that dtype; a float16 counts as float32. */
export function wordOf(value: number, dtype: DType): number {
  return isFloat({ dtype }) ? f32bits(value) : value >>> 0;
}

/** Writes one 32-bit word to every place of `y`. */
export function fillLaunch(y: Bindable, length: number, word: number): Launch {
  const lanes = length % 4 === 0 ? 4 : 1;
  return launchThreads(length / lanes, fills(lanes === 4 ? 'vec4u' : 'u32'), [], [y], [word]);
}

const fills = /* @__PURE__ */ programs(
  'fill',
  (type: 'vec4u' | 'u32') => /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> y: array<${type}>;
@group(0) @binding(1) var<uniform> word: u32;

${threadEntry('i')}
  if (i < arrayLength(&y)) { y[i] = ${type}(word); }
}`,
);

const fill: Kernel<FillAttrs> = {
  name: 'fill',
  reference(_, [y], { value }) {
    y.data.fill(value);
  },
  launches: (_, [y], { value }) => [fillLaunch(y, y.size, wordOf(value, y.dtype))],
};

const FULL_DEFAULTS: { shape: Shape; value: number; dtype: DType } = { shape: [], value: 0, dtype: 'float32' };

/** A tensor whose elements are all `value`; unlike a cached `device.scalar`, its memory is its own. */
export function full(device: Device, attrs: { shape: Shape; value: number; dtype?: DType }): Tensor {
  const { shape, value, dtype } = attributesOf('full', FULL_DEFAULTS, attrs);
  const y = newTensor('full', device, shape, dtype);
  device.run(fill, [], [y], { value });
  return y;
}
