import type { OpCases } from '../../autograd/cases.js';
import { conv2d, conv2dInput, conv2dWeight } from './conv2d.js';
import { depthwiseConvs, resnetConvs } from './resnetConvs.js';

export const conv2dCases = (): OpCases => ({
  op: conv2d,
  samples: [
    { inputs: [{ shape: [2, 5, 4, 3] }, { shape: [3, 2, 3, 5] }, { shape: [5] }], attrs: { padding: 1 } },
    { inputs: [{ shape: [1, 7, 6, 8] }, { shape: [3, 3, 8, 12] }], attrs: { stride: 2, padding: 1 } },
    { inputs: [{ shape: [3, 4, 5, 4] }, { shape: [1, 1, 4, 36] }, { shape: [36] }] },
    { inputs: [{ shape: [1, 9, 8, 3] }, { shape: [7, 7, 3, 4] }], attrs: { stride: 2, padding: 3 } },
    { inputs: [{ shape: [2, 6, 7, 4] }, { shape: [3, 3, 4, 6] }], attrs: { dilation: 2, padding: [2, 1] } },
    { inputs: [{ shape: [2, 5, 6, 8] }, { shape: [3, 3, 4, 12] }], attrs: { groups: 2, padding: 1, stride: [1, 2] } },
    { inputs: [{ shape: [2, 5, 4, 6] }, { shape: [3, 3, 1, 6] }, { shape: [6] }], attrs: { groups: 6, padding: 1 } },
    { inputs: [{ shape: [1, 5, 4, 3] }, { shape: [3, 3, 1, 6] }], attrs: { groups: 3, stride: 2, padding: 1 } },
    { inputs: [{ shape: [1, 4, 4, 20] }, { shape: [1, 1, 20, 9] }], attrs: { stride: 2 } },
    { inputs: [{ shape: [2, 5, 7, 8] }, { shape: [3, 3, 1, 8] }], attrs: { groups: 8, stride: 2, padding: 1 } },
    {
      inputs: [{ shape: [1, 6, 9, 4] }, { shape: [3, 2, 1, 4] }, { shape: [4] }],
      attrs: { groups: 4, stride: [1, 3], dilation: [1, 2], padding: [2, 1] },
    },
  ],
  errors: [
    {
      inputs: [{ shape: [8, 6, 4, 3] }, { shape: [3, 3, 64, 64] }],
      message: /conv2d: input has 3 channels.*filter expects 64/,
    },
    { inputs: [{ shape: [6, 4, 3] }, { shape: [3, 3, 3, 4] }], message: /conv2d: input .* rank 4/ },
    { inputs: [{ shape: [1, 2, 2, 3] }, { shape: [3, 3, 3, 4] }], message: /larger than the 2x2 input/ },
    { inputs: [{ shape: [1, 4, 4, 4] }, { shape: [3, 3, 2, 5] }], attrs: { groups: 2 }, message: /5 output channels/ },
    { inputs: [{ shape: [1, 4, 4, 3] }, { shape: [3, 3, 3, 5] }, { shape: [4] }], message: /bias must be \[5\]/ },
    { inputs: [{ shape: [1, 4, 4, 3] }, { shape: [3, 3, 3, 5] }], attrs: { stride: 0 }, message: /stride/ },
  ],
  bench: [...resnetConvs(), ...depthwiseConvs()].map(({ x, filter, ...rest }) => ({
    ...rest,
    inputs: [{ shape: x }, { shape: filter }],
  })),
});

export const conv2dInputCases = (): OpCases => ({
  op: conv2dInput,
  samples: [
    { inputs: [{ shape: [2, 5, 5, 5] }, { shape: [3, 2, 3, 5] }], attrs: { padding: 1, inputSize: [5, 4] } },
    {
      inputs: [{ shape: [1, 4, 3, 12] }, { shape: [3, 3, 8, 12] }],
      attrs: { stride: 2, padding: 1, inputSize: [7, 6] },
    },
    {
      inputs: [{ shape: [1, 4, 3, 8] }, { shape: [3, 3, 36, 8] }],
      attrs: { stride: 2, padding: 1, inputSize: [8, 5] },
    },
    { inputs: [{ shape: [2, 2, 3, 8] }, { shape: [1, 1, 4, 8] }], attrs: { stride: 2, inputSize: [4, 5] } },
    {
      inputs: [{ shape: [1, 4, 3, 6] }, { shape: [3, 3, 4, 6] }],
      attrs: { dilation: 2, padding: 1, inputSize: [6, 5] },
    },
    {
      inputs: [{ shape: [2, 5, 3, 12] }, { shape: [3, 3, 4, 12] }],
      attrs: { groups: 2, padding: 1, stride: [1, 2], inputSize: [5, 6] },
    },
    {
      inputs: [{ shape: [1, 3, 2, 6] }, { shape: [3, 3, 1, 6] }],
      attrs: { groups: 3, stride: 2, padding: 1, inputSize: [5, 4] },
    },
    {
      inputs: [{ shape: [2, 3, 4, 8] }, { shape: [3, 3, 1, 8] }],
      attrs: { groups: 8, stride: 2, padding: 1, inputSize: [5, 7] },
    },
    {
      inputs: [{ shape: [1, 8, 3, 4] }, { shape: [3, 2, 1, 4] }],
      attrs: { groups: 4, stride: [1, 3], dilation: [1, 2], padding: [2, 1], inputSize: [6, 9] },
    },
    { inputs: [{ shape: [1, 1, 1, 4] }, { shape: [1, 1, 3, 4] }], attrs: { stride: 2, inputSize: [1, 2] } },
  ],
  errors: [
    {
      inputs: [{ shape: [1, 4, 4, 5] }, { shape: [3, 3, 3, 5] }],
      attrs: { inputSize: [4, 4] },
      message: /gives an output of 2x2x5/,
    },
    { inputs: [{ shape: [4, 4, 5] }, { shape: [3, 3, 3, 5] }], attrs: { inputSize: [4, 4] }, message: /rank 4/ },
  ],
  bench: [...resnetConvs(), ...depthwiseConvs()].map(({ x, filter, y, attrs, ...rest }) => ({
    ...rest,
    inputs: [{ shape: y }, { shape: filter }],
    attrs: { ...attrs, inputSize: [x[1], x[2]] },
  })),
});

export const conv2dWeightCases = (): OpCases => ({
  op: conv2dWeight,
  samples: [
    { inputs: [{ shape: [2, 5, 4, 3] }, { shape: [2, 5, 5, 5] }], attrs: { padding: 1, kernel: [3, 2] } },
    { inputs: [{ shape: [1, 7, 6, 8] }, { shape: [1, 4, 3, 12] }], attrs: { stride: 2, padding: 1, kernel: [3, 3] } },
    { inputs: [{ shape: [3, 11, 9, 4] }, { shape: [3, 11, 9, 8] }], attrs: { kernel: [1, 1] } },
    {
      inputs: [{ shape: [1, 6, 5, 20] }, { shape: [1, 4, 3, 36] }],
      attrs: { dilation: 2, padding: 1, kernel: [3, 3] },
    },
    {
      inputs: [{ shape: [2, 6, 5, 6] }, { shape: [2, 4, 5, 36] }],
      attrs: { dilation: [2, 1], padding: 1, kernel: [3, 3] },
    },
    {
      inputs: [{ shape: [2, 5, 6, 8] }, { shape: [2, 5, 3, 12] }],
      attrs: { groups: 2, padding: 1, stride: [1, 2], kernel: [3, 3] },
    },
    {
      inputs: [{ shape: [1, 13, 17, 3] }, { shape: [1, 7, 9, 6] }],
      attrs: { groups: 3, stride: 2, padding: 1, kernel: [3, 3] },
    },
    { inputs: [{ shape: [3, 9, 7, 8] }, { shape: [3, 9, 7, 8] }], attrs: { groups: 8, padding: 1, kernel: [3, 3] } },
    {
      inputs: [{ shape: [1, 6, 9, 6] }, { shape: [1, 8, 3, 6] }],
      attrs: { groups: 6, stride: [1, 3], dilation: [1, 2], padding: [2, 1], kernel: [3, 2] },
    },
  ],
  errors: [
    {
      inputs: [{ shape: [1, 4, 4, 3] }, { shape: [1, 4, 4, 5] }],
      attrs: { kernel: [3, 3] },
      message: /give an output of \[1, 2, 2, 5\]/,
    },
    { inputs: [{ shape: [4, 4, 3] }, { shape: [1, 4, 4, 5] }], attrs: { kernel: [3, 3] }, message: /rank 4/ },
  ],
  bench: [...resnetConvs(), ...depthwiseConvs()].map(({ x, filter, y, attrs, ...rest }) => ({
    ...rest,
    inputs: [{ shape: x }, { shape: y }],
    attrs: { ...attrs, kernel: [filter[0], filter[1]] },
  })),
});
