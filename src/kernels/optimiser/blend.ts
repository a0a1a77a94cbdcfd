import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits, type Launch } from '../../tensor/backend.js';
import { launchThreads, threadEntry } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';

export interface BlendAttrs {
  /** Of `x` in the result. */
  readonly share: number;
}

/**
 * @internal Running mean in place, `mean += share (x - mean)`: with share 1 / k for the k-th of equal parts, the mean of all so far.
 *
 * @param mean updated in place, the handle dies; `x` of the same shape
 * @throws ShapeError if the shapes differ or share is not in [0, 1]
 */
export const blend: Op<[mean: Tensor, x: Tensor], BlendAttrs> = /* @__PURE__ */ defineOp({
  name: 'blend',
  arity: 2,
  attrs: { share: 0.5 },
  shape([mean, x], { share }) {
    if (!sameShape(mean.shape, x.shape)) {
      throw new ShapeError(
        `blend: x ${formatShape(x.shape)} must be like the mean ${formatShape(mean.shape)} that it is blended into`,
      );
    }
    if (!(share >= 0 && share <= 1)) throw new ShapeError(`blend: share must be in [0, 1], got ${share}`);
    return mean;
  },
  reference([, x], [mean], { share }) {
    for (let i = 0; i < mean.data.length; i++) mean.data[i] += share * (x.data[i] - mean.data[i]);
  },
  launches([, x], [mean], { share }): Launch[] {
    const vec = mean.size % 4 === 0;
    const params = [f32bits(share), 0, 0, 0];
    const program = blends(vec ? 'vec4f' : 'f32');
    return [launchThreads(vec ? mean.size / 4 : mean.size, program, [x], [mean], params)];
  },
  vjp: null,
  donates: [0],
});

const blends = /* @__PURE__ */ programs(
  'blend',
  (type: 'vec4f' | 'f32') => /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read_write> mean: array<${type}>;
@group(0) @binding(2) var<uniform> share: vec4f;
${threadEntry('i', 'arrayLength(&mean)')}
  let old = mean[i];
  mean[i] = old + share.x * (x[i] - old);
}`,
);
