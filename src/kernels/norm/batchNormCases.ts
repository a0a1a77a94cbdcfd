import type { Fill, OpCases } from '../../autograd/cases.js';
import { formatShape, type Shape } from '../../tensor/shape.js';
import type { BatchNormVariant } from '../wgsl/batchNorm.wgsl.js';
import { ADD_RELU, batchNorm, batchNormAddRelu, batchNormRelu, PLAIN, RELU } from './batchNorm.js';

function samplesOf({ relu, residual }: BatchNormVariant): OpCases['samples'] {
  const inputs = (shape: Shape, spread = 1): Fill[] => {
    const vector = { shape: shape.slice(-1) };
    const operands = [{ shape, lo: -spread, hi: spread }, { ...vector, lo: 0.5, hi: 1.5 }, vector, vector, vector];
    return residual ? [...operands, { shape }] : operands;
  };
  // Among many values some lie near the kink of the ReLU; the cases of its gradient op check those sizes instead.
  const many = relu ? 0 : 1;
  return [
    { inputs: inputs([2, 3, 2, 5]), order: 1 },
    { inputs: inputs([7, 4]), attrs: { eps: 1e-3, momentum: 0.3 }, order: 1 },
    { inputs: inputs([2, 1]), order: 1 },
    { inputs: inputs([3, 1, 5, 1, 8], 4), order: 1 },
    // Several chunks, with a last one of another length, and channels that do not fill a workgroup.
    { inputs: inputs([257, 17, 3]), order: many },
    { inputs: inputs([9, 41, 72]), order: many },
  ];
}

const errors: OpCases['errors'] = [
  {
    inputs: [{ shape: [2, 3, 5] }, { shape: [3] }, { shape: [5] }, { shape: [5] }, { shape: [5] }],
    message: /gamma must be \[C\].*\[3\] for \[2, 3, 5\]/,
  },
  {
    inputs: [{ shape: [2, 5] }, { shape: [5] }, { shape: [5] }, { shape: [5] }, { shape: [1] }],
    message: /running variance must be \[C\]/,
  },
  {
    inputs: [{ shape: [1, 5] }, { shape: [5] }, { shape: [5] }, { shape: [5] }, { shape: [5] }],
    message: /one value per channel/,
  },
];

/** First stage and last stage of ResNet-18, batch 32 at 256x192. */
function benchOf(tensors: number): OpCases['bench'] {
  return [
    [32, 64, 48, 64],
    [32, 8, 6, 512],
  ].map((shape) => {
    const size = shape.reduce((a, b) => a * b);
    const vector = { shape: shape.slice(-1) };
    const residual = tensors > 3 ? [{ shape }] : [];
    const inputs = [{ shape }, vector, vector, vector, { ...vector, lo: 0.5, hi: 1.5 }, ...residual];
    return { name: formatShape(shape), inputs, flop: 10 * size, bytes: 4 * tensors * size };
  });
}

export const batchNormCases = (): OpCases => ({ op: batchNorm, samples: samplesOf(PLAIN), errors, bench: benchOf(3) });

export const batchNormReluCases = (): OpCases => ({
  op: batchNormRelu,
  samples: samplesOf(RELU),
  errors,
  bench: benchOf(3),
});

export const batchNormAddReluCases = (): OpCases => ({
  op: batchNormAddRelu,
  samples: samplesOf(ADD_RELU),
  errors: [
    {
      inputs: [{ shape: [2, 5] }, { shape: [5] }, { shape: [5] }, { shape: [5] }, { shape: [5] }, { shape: [5] }],
      message: /residual must be like x/,
    },
  ],
  bench: benchOf(4),
});
