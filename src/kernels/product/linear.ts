import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op, type TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { reshape } from '../layout/reshape.js';
import { sum } from '../reduction/sum.js';
import { biasEpilogue } from './launch/epilogue.js';
import { matmulLaunches, type ProductGeometry } from './launch/matmulLaunches.js';
import { matmul } from './matmul.js';

/**
 * Affine map of the last axis, `y = x W^T + b`, with the weight as PyTorch stores it.
 *
 * @param x [..., in]. @param weight [out, in]. @param bias [out], optional.
 * @returns [..., out].
 * @throws ShapeError if the extents do not fit.
 */
export const linear: Op<[x: Tensor, weight: Tensor] | [x: Tensor, weight: Tensor, bias?: Tensor], object> =
  /* @__PURE__ */ defineOp({
    name: 'linear',
    arity: [2, 3],
    attrs: {},
    shape([x, weight, bias]) {
      const { N } = linearGeometry(x, weight, bias);
      return { shape: [...x.shape.slice(0, -1), N], dtype: x.dtype };
    },
    reference([x, weight, bias], [y]) {
      const [N, K] = weight.shape;
      for (let m = 0; m < y.data.length / N; m++) {
        for (let n = 0; n < N; n++) {
          let sum = bias ? bias.data[n] : 0;
          for (let k = 0; k < K; k++) sum += x.data[m * K + k] * weight.data[n * K + k];
          y.data[m * N + n] = sum;
        }
      }
    },
    launches: ([x, weight, bias], [y], _, context) =>
      matmulLaunches(linearGeometry(x, weight, bias), x, weight, y, context, biasEpilogue(bias)),
    vjp(g, { inputs: [x, weight, bias], places }) {
      const rows = (t: Tensor) => (t.rank === 2 ? t : reshape(t, { shape: [-1, t.shape[t.rank - 1]] }));
      return [
        () => reshape(matmul(rows(g), weight), { shape: x.shape }),
        () => matmul.apply([rows(g), rows(x)], { transA: true }, [places[1]]),
        bias ? () => sum.apply([rows(g)], { axes: [0] }, [places[2]]) : null,
      ];
    },
    keep: { inputs: [0, 1] },
  });

function linearGeometry(x: TensorSpec, weight: TensorSpec, bias: TensorSpec | undefined): ProductGeometry {
  if (weight.shape.length !== 2 || x.shape.length < 1) {
    throw new ShapeError(
      `linear: the weight must be [out, in] and x [..., in], got ${formatShape(weight.shape)} and ${formatShape(x.shape)}`,
    );
  }
  const [N, K] = weight.shape;
  const last = x.shape[x.shape.length - 1];
  if (last !== K) {
    throw new ShapeError(
      `linear: x has ${last} features ${formatShape(x.shape)}, the weight expects ${K} ${formatShape(weight.shape)}`,
    );
  }
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== N)) {
    throw new ShapeError(`linear: bias must be [${N}], one number per output feature, got ${formatShape(bias.shape)}`);
  }
  const M = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  return { batch: 1, M, N, K, strideA: 0, strideB: 0, transA: false, transB: true };
}

export const linearCases = (): OpCases => ({
  op: linear,
  samples: [
    { inputs: [{ shape: [3, 7] }, { shape: [5, 7] }, { shape: [5] }] },
    { inputs: [{ shape: [2, 3, 8] }, { shape: [12, 8] }] },
    { inputs: [{ shape: [4] }, { shape: [3, 4] }, { shape: [3] }] },
    { inputs: [{ shape: [2, 1, 2, 3] }, { shape: [1, 3] }, { shape: [1] }] },
  ],
  errors: [
    { inputs: [{ shape: [3, 7] }, { shape: [5, 6] }], message: /x has 7 features.*expects 6/ },
    { inputs: [{ shape: [3, 7] }, { shape: [7] }], message: /weight must be \[out, in\]/ },
    { inputs: [{ shape: [3, 7] }, { shape: [5, 7] }, { shape: [7] }], message: /bias must be \[5\]/ },
  ],
  bench: [
    {
      name: 'head of ResNet-50, 32 images, 17 joints',
      inputs: [{ shape: [32, 2048] }, { shape: [34, 2048] }, { shape: [34] }],
      flop: 2 * 32 * 2048 * 34,
      bytes: 4 * (32 * 2048 + 34 * 2048 + 32 * 34),
    },
  ],
});
