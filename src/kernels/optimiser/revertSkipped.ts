import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import type { Launch } from '../../tensor/backend.js';
import { launchThreads, threadEntry } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { checkStatus, STATUS } from './stepStatus.js';

/**
 * @internal What a step that was left out must leave as it was, in place: `x = before` if `status` is not finite, else x.
 *
 * @param x flat, of a multiple of 4 elements, updated in place, the handle dies; `before` like it
 * @param status [6] from `gradStatus`
 */
export const revertSkipped: Op<[x: Tensor, before: Tensor, status: Tensor], object> = /* @__PURE__ */ defineOp({
  name: 'revertSkipped',
  arity: 3,
  attrs: {},
  shape([x, before, status]) {
    if (!sameShape(x.shape, before.shape) || x.shape.length !== 1 || x.shape[0] % 4 !== 0) {
      throw new ShapeError(
        `revertSkipped: wants two flat tensors of whole vec4s, alike, got ${formatShape(x.shape)} and ${formatShape(before.shape)}`,
      );
    }
    checkStatus('revertSkipped', status);
    return x;
  },
  reference([, before, status], [x]) {
    if (status.data[STATUS.finite] === 0) x.data.set(before.data);
  },
  launches([, before, status], [x]): Launch[] {
    return [launchThreads(x.size / 4, reverts(), [before, status], [x])];
  },
  vjp: null,
  donates: [0],
});

const reverts = /* @__PURE__ */ programs(
  'revertSkipped',
  () => /* wgsl */ `
@group(0) @binding(0) var<storage, read> before: array<vec4f>;
@group(0) @binding(1) var<storage, read> status: array<f32>;
@group(0) @binding(2) var<storage, read_write> x: array<vec4f>;
${threadEntry('i', 'arrayLength(&x)')}
  if (status[${STATUS.finite}] == 0.0) { x[i] = before[i]; }
}`,
);
