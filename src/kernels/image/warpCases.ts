import type { OpCases } from '../../autograd/cases.js';
import { affineWarp } from './affineWarp.js';
import { warpPixels } from './warpPixels.js';

/** Gain, offset, low and high of N images of C channels, different for each; `levels` = the largest input. */
function sampleColours(N: number, C: number, levels: number): number[] {
  const rows = [(i: number) => (1 - 0.1 * i) / levels, (i: number) => 0.05 * i, () => -0.75, () => 0.875];
  return Array.from({ length: N }, (_, n) =>
    rows.flatMap((row) => Array.from({ length: C }, (_, c) => row(n + c))),
  ).flat();
}

/** A turn with a shift, a reflection over the edge, an enlargement: no point falls on a pixel's centre. */
const SAMPLE_MATRICES = [
  [0.82, -0.53, 1.37, 0.47, 0.91, -0.61],
  [-1.1, 0.03, 4.27, 0.02, 0.88, 0.31],
  [0.31, 0, 0.17, 0, 0.29, 0.43],
] as const;

/**
 * A point of a sample lies within 16 px of the origin and is known to 3 roundings of 2^-24 of that, 3e-6 px; the
 * picture rises by at most 2 per pixel, in both directions, so the value is known to 1.2e-5. Points of photographs lie farther
 * out and are known less well, so those are timed only.
 */
const warpTolerance = () => ({ absolute: 2 ** -16, relative: 2 ** -16 });

export const affineWarpCases = (): OpCases => ({
  op: affineWarp,
  samples: [
    {
      inputs: [
        { shape: [3, 5, 4, 2] },
        { shape: [3, 6], values: SAMPLE_MATRICES.flat() },
        { shape: [3, 4, 2], values: sampleColours(3, 2, 1) },
      ],
      attrs: { height: 6, width: 7 },
      order: 0,
    },
    {
      inputs: [
        { shape: [1, 1, 6, 5] },
        { shape: [1, 6], values: SAMPLE_MATRICES[1] },
        { shape: [1, 4, 5], values: sampleColours(1, 5, 1) },
      ],
      attrs: { height: 3, width: 1, padding: 0.5 },
      order: 0,
    },
  ],
  errors: [
    { inputs: [{ shape: [2, 5, 4] }, { shape: [2, 6] }, { shape: [2, 4, 4] }], message: /images are \[2, 5, 4\]/ },
    { inputs: [{ shape: [2, 5, 4, 3] }, { shape: [2, 2, 3] }, { shape: [2, 4, 3] }], message: /matrix is .* \[2, 6\]/ },
    { inputs: [{ shape: [2, 5, 4, 3] }, { shape: [2, 6] }, { shape: [2, 4, 1] }], message: /colour is .* \[2, 4, 3\]/ },
  ],
  bench: [
    {
      name: 'crops of photographs, 32x480x360x3 to 256x192',
      inputs: [
        { shape: [32, 480, 360, 3] },
        { shape: [32, 6], values: Array.from({ length: 32 }, () => [1.5, 0.3, 10, -0.3, 1.5, 60]).flat() },
        { shape: [32, 4, 3], values: sampleColours(32, 3, 1) },
      ],
      attrs: { height: 256, width: 192 },
      flop: 32 * 256 * 192 * 3 * 16,
      bytes: 4 * 32 * 3 * (480 * 360 + 256 * 192),
      timedOnly: true,
    },
  ],
  tolerance: warpTolerance(),
});

/** A word of four levels. */
const word = () => ({ dtype: 'uint32', hi: 2 ** 32 }) as const;

export const warpPixelsCases = (): OpCases => ({
  op: warpPixels,
  samples: [
    {
      inputs: [
        { shape: [50], ...word() },
        { shape: [3, 3], dtype: 'uint32', values: [0, 5, 4, 20, 3, 7, 41, 1, 2] },
        { shape: [3, 6], values: SAMPLE_MATRICES.flat() },
        { shape: [3, 4, 3], values: sampleColours(3, 3, 255) },
      ],
      attrs: { height: 6, width: 7 },
      order: 0,
    },
    ...[1, 2, 4].map((C) => ({
      inputs: [
        { shape: [12], ...word() },
        { shape: [1, 3], dtype: 'uint32' as const, values: [0, 4, 3] },
        { shape: [1, 6], values: SAMPLE_MATRICES[0] },
        { shape: [1, 4, C], values: sampleColours(1, C, 255) },
      ],
      attrs: { height: 3, width: 5, padding: 100 },
      order: 0 as const,
    })),
  ],
  errors: [
    {
      inputs: [{ shape: [9] }, { shape: [1, 3], dtype: 'uint32' }, { shape: [1, 6] }, { shape: [1, 4, 3] }],
      message: /warpPixels: operand 0 is float32, expected uint32/,
    },
    {
      inputs: [
        { shape: [9], dtype: 'uint32' },
        { shape: [2], dtype: 'uint32' },
        { shape: [1, 6] },
        { shape: [1, 4, 3] },
      ],
      message: /places \[2\], expected \[M\] and \[N, 3\]/,
    },
    {
      inputs: [
        { shape: [9], dtype: 'uint32' },
        { shape: [1, 3], dtype: 'uint32' },
        { shape: [1, 6] },
        { shape: [1, 4, 5] },
      ],
      message: /expected \[1, 4, C\] with C from 1 to 4/,
    },
    {
      inputs: [
        { shape: [9], dtype: 'uint32' },
        { shape: [2, 3], dtype: 'uint32' },
        { shape: [1, 6] },
        { shape: [2, 4, 3] },
      ],
      message: /matrix is \[1, 6\], expected \[2, 6\]/,
    },
  ],
  bench: [
    {
      name: 'crops of photographs, 32 of 480x360 to 256x192',
      inputs: [
        { shape: [32 * 480 * 360], ...word() },
        {
          shape: [32, 3],
          dtype: 'uint32',
          values: Array.from({ length: 32 }, (_, n) => [n * 480 * 360, 480, 360]).flat(),
        },
        { shape: [32, 6], values: Array.from({ length: 32 }, () => [1.5, 0.3, 10, -0.3, 1.5, 60]).flat() },
        { shape: [32, 4, 3], values: sampleColours(32, 3, 255) },
      ],
      attrs: { height: 256, width: 192 },
      flop: 32 * 256 * 192 * 3 * 16,
      bytes: 4 * 32 * (480 * 360 + 3 * 256 * 192),
      timedOnly: true,
    },
  ],
  tolerance: warpTolerance(),
});
