import type { Fill, OpCases } from '../../autograd/cases.js';
import { formatShape } from '../../tensor/shape.js';
import { batchNormAddReluGrad, batchNormGrad, batchNormReluGrad } from './batchNormGrad.js';
import { columnPlan } from './columnPlan.js';

function samplesOf(relu: boolean): OpCases['samples'] {
  return [
    [2, 3, 2, 5],
    [7, 4],
    [257, 17, 3],
    [9, 41, 72],
  ].map((shape) => {
    const C = shape[shape.length - 1];
    const { chunks } = columnPlan(shape);
    // Means, and reciprocal deviations that are positive.
    const saved: Fill = { shape: [1 + chunks, 2, C], lo: 0.5, hi: 1.5 };
    const operands: Fill[] = [{ shape }, { shape }, { shape: [C] }, saved];
    return { inputs: relu ? [...operands, { shape, avoid: [0] }] : operands, order: 0 };
  });
}

const errorsOf = (relu: boolean): OpCases['errors'] => {
  const inputs = [{ shape: [2, 5] }, { shape: [7, 5] }, { shape: [5] }, { shape: [2, 2, 5] }];
  return [{ inputs: relu ? [...inputs, { shape: [7, 5] }] : inputs, message: /g must be \[7, 5\]/ }];
};

function benchOf(tensors: number): OpCases['bench'] {
  const shape = [32, 64, 48, 64];
  const size = shape.reduce((a, b) => a * b);
  const saved = { shape: [1 + columnPlan(shape).chunks, 2, 64] };
  const inputs = [{ shape }, { shape }, { shape: [64] }, saved, ...(tensors > 5 ? [{ shape }] : [])];
  return [{ name: formatShape(shape), inputs, flop: 12 * size, bytes: 4 * tensors * size }];
}

export const batchNormGradCases = (): OpCases => ({
  op: batchNormGrad,
  samples: samplesOf(false),
  errors: errorsOf(false),
  bench: benchOf(5),
});

export const batchNormReluGradCases = (): OpCases => ({
  op: batchNormReluGrad,
  samples: samplesOf(true),
  errors: errorsOf(true),
  bench: benchOf(7),
});

export const batchNormAddReluGradCases = (): OpCases => ({
  op: batchNormAddReluGrad,
  samples: samplesOf(true),
  errors: errorsOf(true),
  bench: benchOf(7),
});
