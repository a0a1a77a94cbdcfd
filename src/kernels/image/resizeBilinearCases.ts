import type { OpCases } from '../../autograd/cases.js';
import { resizeBilinear, resizeBilinearGrad } from './resizeBilinear.js';

/** Larger, smaller, both at once, one row, one pixel, the same size; channels that fill a vec4 and that do not. */
const SIZES = [
  { shape: [2, 3, 4, 3], size: [5, 7] },
  { shape: [1, 7, 5, 4], size: [3, 2] },
  { shape: [1, 3, 8, 1], size: [11, 3] },
  { shape: [1, 1, 4, 2], size: [3, 1] },
  { shape: [2, 3, 1, 4], size: [1, 5] },
  { shape: [1, 3, 4, 2], size: [3, 4] },
] as const;

const samples = () =>
  [false, true].flatMap((alignCorners) =>
    SIZES.map(({ shape, size }) => ({ inputs: [{ shape }], attrs: { size, alignCorners } })),
  );

const errors = (name: string): OpCases['errors'] => [
  { inputs: [{ shape: [2, 3, 4] }], attrs: { size: [2, 2] }, message: new RegExp(`${name}: wants \\[N, H, W, C\\]`) },
  { inputs: [{ shape: [2, 3, 4, 1] }], message: /got \[2, 3, 4, 1\] and \[0, 0\]; pass \{ size/ },
  { inputs: [{ shape: [2, 3, 4, 1] }], attrs: { size: [2.5, 3] }, message: /two integers >= 1/ },
];

export const resizeBilinearCases = (): OpCases => ({
  op: resizeBilinear,
  samples: samples(),
  errors: errors('resizeBilinear'),
  bench: [
    {
      name: 'features doubled, 8x64x48x64 to 128x96',
      inputs: [{ shape: [8, 64, 48, 64] }],
      attrs: { size: [128, 96] },
      flop: 8 * 8 * 128 * 96 * 64,
      bytes: 4 * 8 * 64 * (64 * 48 + 128 * 96),
    },
  ],
});

export const resizeBilinearGradCases = (): OpCases => ({
  op: resizeBilinearGrad,
  samples: samples(),
  errors: errors('resizeBilinearGrad'),
  bench: [
    {
      name: 'features doubled, 8x128x96x64 to 64x48',
      inputs: [{ shape: [8, 128, 96, 64] }],
      attrs: { size: [64, 48] },
      flop: 8 * 8 * 128 * 96 * 64,
      bytes: 4 * 8 * 64 * (64 * 48 + 128 * 96),
    },
  ],
});
