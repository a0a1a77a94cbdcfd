import { describe, expect, test } from 'vitest';
import { defineOp } from '../src/autograd/op.js';
import type { Launch } from '../src/tensor/backend.js';
import { Rng } from '../src/tensor/rng.js';
import { checkKernel } from '../src/testing/checkKernel.js';
import { drawOperands } from '../src/testing/checkSample.js';
import { allCases, casesOf } from '../src/testing/registry.js';
import { sharedGpu, withGpu } from './adapter.js';

const SEED = 20261129;
/** One more than a dispatch may have along an axis. */
const MANY = 65536;

/** The launch in up to eight parts, cut along each axis at a random place, with the words that its kernel then needs. */
function cutAtRandom(launch: Launch, rng: Rng): Launch[] {
  const { split, grid, params = [] } = launch;
  if (!split) return [launch];
  const ranges = grid.map((n) => {
    const ends = [...new Set([0, Math.floor(rng.uniform() * n), n])];
    return ends.slice(1).map((end, i) => [ends[i], end]);
  });
  return ranges[2].flatMap(([z, deep]) =>
    ranges[1].flatMap(([y, down]) =>
      ranges[0].map(([x, across]) => {
        const words = [...params];
        words.splice(split.word, 3, x, y, z);
        return { ...launch, split: undefined, params: words, grid: [across - x, down - y, deep - z] as const };
      }),
    ),
  );
}

/** One op of each family: the others share their kernels. */
const cuttable = [
  'matmul',
  'conv2d',
  'conv2dInput',
  'conv2dWeight',
  'batchNorm',
  'batchNormGrad',
  'affineWarp',
  'warpPixels',
];

describe.runIf(withGpu)('a launch that may be cut', () => {
  test.each(
    allCases.filter(({ op }) => cuttable.includes(op.def.name)).map((cases) => [cases.op.def.name, cases] as const),
  )('of %s gives the same result in parts, wherever it is cut', async (_, { op, samples }) => {
    const rng = new Rng(SEED);
    const { def } = op;
    const cut: typeof def.launches = (...call) => def.launches(...call).flatMap((launch) => cutAtRandom(launch, rng));
    const inParts = defineOp({ ...def, launches: cut } as never);
    const device = await sharedGpu();
    for (const sample of samples.slice(0, 4)) {
      await checkKernel(inParts, drawOperands(sample, SEED), sample.attrs, device);
    }
  });
});

/** A random whole number from `least` to `least + room`. */
const from = (rng: Rng, least: number, room: number) => least + Math.floor(rng.uniform() * (room + 1));

// Ops with more rows, matrices, groups, columns, channels or images than a grid's axis may have, of random further extents.
describe.runIf(withGpu)('more than 65535 workgroups along an axis', () => {
  const rng = new Rng(SEED);
  const small = () => from(rng, 1, 2);
  const count = () => from(rng, MANY, 9);
  const cases: (readonly [op: string, shapes: string, attrs?: object, values?: Readonly<Record<number, number[]>>])[] =
    [];
  const pixel = '1x1x1'; // the batch, height and width of an image, the height, width and more of a filter

  const [n, m, k, c] = [count(), small(), small(), small()];
  cases.push(['matmul', `${n}x${m}x${k} ${n}x${k}x${c}`]);
  cases.push(['matmul', `${n}x${k}x${m} ${n}x${c}x${k}`, { transA: true, transB: true }]);
  const columns = 32 * (MANY - 1) + from(rng, 1, 99);
  cases.push(['matmul', `2x1 1x${columns}`], ['matmul', `1x2 ${columns}x2`, { transB: true }]);

  const groups = count();
  const wide = 4 * groups;
  cases.push(['conv2d', `1x1x2x${wide} 1x1x4x${wide}`, { groups }]);
  cases.push(['conv2dInput', `${pixel}x${wide} 1x2x4x${wide}`, { groups, stride: [1, 2], inputSize: [1, 2] }]);
  cases.push(['conv2dWeight', `1x1x2x${wide} ${pixel}x${wide}`, { groups, kernel: [1, 2] }]);
  cases.push(['conv2d', `1x1x2x${groups} 1x2x1x${groups}`, { groups }]); // depthwise
  cases.push(['conv2d', `1x1x2x${2 * groups} 1x2x2x${groups}`, { groups }]); // narrow groups

  const channels = 16 * (MANY - 1) + 1 + 2 * from(rng, 0, 9);
  cases.push(['batchNorm', `2x${channels}${` ${channels}`.repeat(4)}`]);
  const images = count();
  const colours = Array.from({ length: 4 * images }, (_, i) => [1.5, 0.25, -0.5, 2][i % 4]);
  cases.push(['affineWarp', `${images}x2x1x1 ${images}x6 ${images}x4x1`, { height: 1, width: 2 }, { 2: colours }]);
  for (const op of ['softmax', 'logSoftmax', 'cumsum']) {
    cases.push([op, `${count()}x${small()}`, { axis: -1 }], [op, `${small()}x${count()}`, { axis: 0 }]);
  }
  for (const op of ['logSumExp', 'sum']) {
    cases.push([op, `${count()}x${small()}`, { axes: -1 }], [op, `${small()}x${count()}`, { axes: 0 }]);
  }

  test.each(cases.map(([op, shapes, attrs, values = {}]) => ({ name: op, shapes, attrs, values })))(
    '$name of $shapes',
    async ({ name, shapes, attrs, values }) => {
      const [{ op }] = casesOf([name]);
      const inputs = shapes.split(' ').map((shape, i) => ({ shape: shape.split('x').map(Number), values: values[i] }));
      const { elements } = await checkKernel(op, drawOperands({ inputs }, SEED), attrs, await sharedGpu());
      expect(elements).toBeGreaterThan(0);
    },
  );
});
