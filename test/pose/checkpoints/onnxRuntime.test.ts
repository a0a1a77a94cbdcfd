import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { formatOnnx } from '../../../src/io/onnx.js';
import { backboneOf } from '../../../src/pose/checkpoints/backboneShape.js';
import { onnxNetwork } from '../../../src/pose/checkpoints/onnxNetwork.js';
import type { PoseCheckpoint } from '../../../src/pose/checkpoints/poseCheckpoint.js';
import { cpu } from '../../../src/tensor/cpu.js';
import { expectCloseInNorm, flat, type Nested } from '../../numbers.js';
import { GPU_LOSS_RELATIVE } from '../../tolerance.js';
import { checkpoints, withoutSigma } from './committedCheckpoints.js';
import { committedModels } from './torchModels.js';
import { answerOf, committedNetworks, wantedOf } from './torchNetworks.js';

/** What the runtime answers to the first `count` of the goldens' images. */
async function runnerOf(checkpoint: PoseCheckpoint) {
  const session = await InferenceSession.create(await formatOnnx(onnxNetwork(checkpoint)), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const [height, width] = checkpoint.conventions.size;
  return async (count: number) => {
    const data = Float32Array.from({ length: count * 3 * height * width }, (_, i) => Math.sin(i * 0.37));
    const { mu, maps, sigma } = await session.run({ images: new Tensor('float32', data, [count, 3, height, width]) });
    const valuesOf = (tensor: typeof mu | undefined) => tensor && Array.from(tensor.data as Float32Array);
    return { answer: valuesOf(mu ?? maps) as number[], dims: (mu ?? maps).dims, sigma: valuesOf(sigma) };
  };
}

/** Holds one image alone, and both together, to what is wanted; coordinates as shares of the crop, which are not near 0. */
async function expectAnswers(checkpoint: PoseCheckpoint, want: Nested, dims: readonly number[], sigma?: number[]) {
  const { origin } = checkpoint.conventions;
  const share = (values: readonly number[]) => values.map((x) => (dims.length === 2 ? x + origin : x));
  const wanted = share(flat(want));
  const run = await runnerOf(checkpoint);
  const both = await run(2);
  expect(both.dims).toEqual([2, ...dims]);
  expectCloseInNorm(share(both.answer), wanted, GPU_LOSS_RELATIVE, 'answer');
  if (sigma) expectCloseInNorm(both.sigma as number[], sigma, GPU_LOSS_RELATIVE, 'sigma');
  else expect(both.sigma).toBeUndefined();
  const { answer } = await run(1);
  expectCloseInNorm(share(answer), wanted.slice(0, answer.length), GPU_LOSS_RELATIVE, 'one image');
}

describe('ONNX Runtime computes what PyTorch does', () => {
  test.each(Object.entries(committedModels))('of %s', async (name, golden) => {
    const checkpoint = await checkpoints[name]();
    const sigma = flat(golden.logit).map((logit) => 1 / (1 + Math.exp(-logit)));
    const { joints, dims } = checkpoint.architecture;
    await expectAnswers(checkpoint, golden.mu, [joints, dims], sigma);
    await expectAnswers(withoutSigma(checkpoint), golden.mu, [joints, dims]);
  });

  test.each(Object.entries(committedNetworks))('of %s', async (name, golden) => {
    const checkpoint = await checkpoints[name]();
    const [height, width] = golden.size.map((extent) => extent / 4);
    await expectAnswers(checkpoint, wantedOf(golden), golden.mu ? [3, 2] : [3, height, width]);
  });
});

describe('ONNX Runtime computes what wgrad does', () => {
  test.each(['exact', 'mmpose', 'none'] as const)('of the means of maps, debias %s', async (debias) => {
    const { conventions, ...rest } = await checkpoints['mmpose1-dsnt']();
    for (const place of [
      { origin: 0, pixel: 0 },
      { origin: 0.5, pixel: 0.5 },
    ]) {
      const maps = { decode: 'mean', beta: 3, debias } as const;
      const checkpoint: PoseCheckpoint = { ...rest, conventions: { ...conventions, ...place, maps } };
      await expectAnswers(checkpoint, await answerOf(cpu(), checkpoint, conventions.size), [3, 2]);
    }
  });

  test('of sigmas beside heatmaps', async () => {
    const { architecture, state, ...rest } = await checkpoints['microsoft-hrnet']();
    const { channels } = backboneOf(state) as { channels: number };
    const joints = architecture.joints;
    const layers = new Map(state)
      .set('fc_sigma.linear.weight', { shape: [2 * joints, channels], data: new Float32Array(2 * joints * channels) })
      .set('fc_sigma.linear.bias', { shape: [2 * joints], data: Float32Array.of(-2, -1, 0, 1, 2, 3) });
    const checkpoint = { ...rest, architecture: { ...architecture, sigma: true }, state: layers };
    const { sigma } = await (await runnerOf(checkpoint))(1);
    const wanted = [-2, -1, 0, 1, 2, 3].map((a) => 1 / (1 + Math.exp(-a)));
    expectCloseInNorm(sigma as number[], wanted, GPU_LOSS_RELATIVE, 'sigma');
  });
});
