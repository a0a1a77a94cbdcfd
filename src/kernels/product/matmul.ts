import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op, type TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import type { View } from '../../tensor/backend.js';
import { broadcastShapes, formatShape, sizeOf } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { gradientFor } from '../reduction/sum.js';
import { matmulLaunches, type ProductGeometry } from './launch/matmulLaunches.js';

/** Attributes of `matmul`: which operands are transposed in their last two axes. */
export interface MatmulAttrs {
  /** Use the last two axes of `a` (of `b`) swapped. */
  readonly transA: boolean;
  readonly transB: boolean;
}

/**
 * Matrix product, `Y[m,n] = sum_k A[m,k] B[k,n]`, over leading batch axes, either operand optionally transposed.
 *
 * @param a [..., M, K], or [..., K, M] with `transA`. @param b [..., K, N], or [..., N, K] with `transB`.
 * @returns [..., M, N]. The batch axes of the operands are equal, or one operand has none and is used for every matrix.
 * @throws ShapeError if the inner extents differ, a rank is below 2, or the batch axes differ.
 */
export const matmul: Op<[a: Tensor, b: Tensor], MatmulAttrs> = /* @__PURE__ */ defineOp({
  name: 'matmul',
  arity: 2,
  attrs: { transA: false, transB: false },
  half: [0, 1],
  shape([a, b], attrs) {
    const { batchShape, M, N } = productGeometry(a, b, attrs);
    return { shape: [...batchShape, M, N], dtype: a.dtype };
  },
  reference([a, b], [y], attrs) {
    const geometry = productGeometry(specOf(a), specOf(b), attrs);
    const { batch, strideA, strideB, M, N, K } = geometry;
    const [rowA, depthA] = attrs.transA ? [1, M] : [K, 1];
    const [depthB, columnB] = attrs.transB ? [1, K] : [N, 1];
    for (let i = 0; i < batch; i++) {
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          let sum = 0;
          const atA = i * strideA + m * rowA;
          const atB = i * strideB + n * columnB;
          for (let k = 0; k < K; k++) sum += a.data[atA + k * depthA] * b.data[atB + k * depthB];
          y.data[(i * M + m) * N + n] = sum;
        }
      }
    }
  },
  launches: ([a, b], [y], attrs, context) => matmulLaunches(productGeometry(a, b, attrs), a, b, y, context),
  vjp: (g, { inputs: [a, b], attrs: { transA, transB }, places }) => {
    // Where all matrices of a batch share an operand, the product is larger than its gradient and does not fit the place;
    // the sum over the batch, which is the gradient, takes the place.
    const gradient = (i: 0 | 1, p: Tensor, q: Tensor, attrs: Partial<MatmulAttrs>) => () =>
      gradientFor(i === 0 ? a : b, matmul.apply([p, q], attrs, [places[i]]), places[i]);
    return [
      transA ? gradient(0, b, g, { transA: transB, transB: true }) : gradient(0, g, b, { transB: !transB }),
      transB ? gradient(1, g, a, { transA: true, transB: transA }) : gradient(1, a, g, { transA: !transA }),
    ];
  },
});

interface BatchedGeometry extends ProductGeometry {
  readonly batchShape: readonly number[];
}

function productGeometry(a: TensorSpec, b: TensorSpec, { transA, transB }: MatmulAttrs): BatchedGeometry {
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new ShapeError(
      `matmul: operands need rank 2 or more, got ${formatShape(a.shape)} and ${formatShape(b.shape)}; reshape vectors to [1, n] or [n, 1]`,
    );
  }
  const [rowsA, columnsA] = a.shape.slice(-2);
  const [rowsB, columnsB] = b.shape.slice(-2);
  const [M, K] = transA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [inner, N] = transB ? [columnsB, rowsB] : [rowsB, columnsB];
  if (K !== inner) {
    throw new ShapeError(
      `matmul: inner extents differ, ${K} of ${formatShape(a.shape)}${transA ? ' transposed' : ''} against ${inner} of ` +
        `${formatShape(b.shape)}${transB ? ' transposed' : ''}; transpose an operand with transA or transB`,
    );
  }
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const batchShape = broadcastShapes('matmul', batchA, batchB);
  const batch = sizeOf(batchShape);
  for (const own of [batchA, batchB]) {
    if (sizeOf(own) !== 1 && sizeOf(own) !== batch) {
      throw new ShapeError(
        `matmul: batch axes ${formatShape(batchA)} and ${formatShape(batchB)} must be equal, or all 1 in one operand; use broadcastTo`,
      );
    }
  }
  const strideA = sizeOf(batchA) === 1 ? 0 : M * K;
  const strideB = sizeOf(batchB) === 1 ? 0 : K * N;
  return { batchShape, batch, M, N, K, strideA, strideB, transA, transB };
}

function specOf({ shape }: View): TensorSpec {
  return { shape, dtype: 'float32' };
}

export const matmulCases = (): OpCases => ({
  op: matmul,
  samples: [
    { inputs: [{ shape: [3, 5] }, { shape: [5, 7] }] },
    { inputs: [{ shape: [5, 3] }, { shape: [5, 8] }], attrs: { transA: true } },
    { inputs: [{ shape: [3, 8] }, { shape: [5, 8] }], attrs: { transB: true } },
    { inputs: [{ shape: [6, 3] }, { shape: [5, 6] }], attrs: { transA: true, transB: true } },
    { inputs: [{ shape: [2, 3, 4] }, { shape: [2, 4, 36] }] },
    { inputs: [{ shape: [2, 1, 3, 4] }, { shape: [4, 5] }] },
    { inputs: [{ shape: [4, 3] }, { shape: [3, 5, 4] }], attrs: { transA: true, transB: true } },
    { inputs: [{ shape: [1, 1] }, { shape: [1, 1] }] },
    { inputs: [{ shape: [35, 12] }, { shape: [12, 40] }] },
    // NaN and infinity stay in their own matrix, row and column.
    {
      inputs: [
        { shape: [2, 3, 5] },
        {
          shape: [2, 5, 4],
          values: Array.from({ length: 40 }, (_, i) =>
            i === 21 ? Number.NaN : i === 39 ? Number.POSITIVE_INFINITY : 0.5,
          ),
        },
      ],
      order: 0,
    },
    { inputs: [{ shape: [611, 4] }, { shape: [611, 8] }], attrs: { transA: true }, order: 1 },
  ],
  errors: [
    { inputs: [{ shape: [3, 5] }, { shape: [3, 7] }], message: /inner extents differ, 5 .* against 3/ },
    { inputs: [{ shape: [5] }, { shape: [5, 7] }], message: /rank 2 or more/ },
    { inputs: [{ shape: [2, 3, 5] }, { shape: [3, 5, 7] }], message: /do not broadcast/ },
    { inputs: [{ shape: [2, 1, 3, 5] }, { shape: [1, 4, 5, 7] }], message: /batch axes/ },
  ],
  bench: [
    ...[256, 512, 1024].map((n) => bench(`${n} cubed`, n, n, n)),
    bench('flow layer, 32 x 14 points', 448, 64, 64),
    bench('flow layer, 256 x 17 points', 4352, 64, 64),
  ],
});

function bench(name: string, M: number, N: number, K: number) {
  const inputs = [{ shape: [M, K] }, { shape: [K, N] }];
  return { name, inputs, flop: 2 * M * N * K, bytes: 4 * (M * K + K * N + M * N) };
}
