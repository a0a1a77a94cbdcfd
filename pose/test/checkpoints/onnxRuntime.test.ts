import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { formatSafetensors, parseSafetensors } from 'wgrad/io';
import { expectCloseInNorm, flat, type Nested, values } from '../../../test/numbers.js';
import { GPU_LOSS_RELATIVE } from '../../../test/tolerance.js';
import { isClassifier, isCounter } from '../../src/checkpoints/architecture.js';
import { backboneOf } from '../../src/checkpoints/backboneShape.js';
import { namingCalled } from '../../src/checkpoints/namings.js';
import { onnxNetwork } from '../../src/checkpoints/onnxNetwork.js';
import { type PoseCheckpoint, poseCheckpointOf } from '../../src/checkpoints/poseCheckpoint.js';
import type { FlipPoses } from '../../src/flipAverage.js';
import { formatOnnx } from '../../src/formats/onnx.js';
import { poseNetwork } from '../../src/predict/poseNetwork.js';
import { checkpoints, withoutSigma } from './committedCheckpoints.js';
import { committedModels, goldenImages } from './torchModels.js';
import { answerOf, committedNetworks, wantedOf } from './torchNetworks.js';

/** What the runtime answers to the first `count` of the goldens' images. */
async function runnerOf(checkpoint: PoseCheckpoint, shift?: readonly number[]) {
  const session = await InferenceSession.create(await formatOnnx(onnxNetwork(checkpoint, shift)), {
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

const RLE_JOINTS = 3;

/** RLE's head and flow on the backbone of a committed network, written in one code's names and read back. */
async function rleOn(name: string, code: 'official' | 'mmpose'): Promise<PoseCheckpoint> {
  const { state, conventions: of, path } = await checkpoints[name]();
  const { channels } = backboneOf(state) as { channels: number };
  const own = new Map([...state].filter(([key]) => key.startsWith('preact.') && !isClassifier(key) && !isCounter(key)));
  // Large enough that no sigma is the middle of its range.
  const layer = (key: string, rows: number, columns: number) => {
    own.set(`${key}.weight`, { shape: [rows, columns], data: waves(rows * columns, 3 / Math.sqrt(columns)) });
    own.set(`${key}.bias`, { shape: [rows], data: waves(rows, 0.5) });
  };
  layer('fc_coord.linear', 2 * RLE_JOINTS, channels);
  layer('fc_sigma.linear', 2 * RLE_JOINTS, channels);
  for (const i of [0, 1]) {
    for (const net of [`flow.t.${i}`, `flow.s.${i}`]) {
      layer(`${net}.0`, 4, 2);
      layer(`${net}.2`, 4, 4);
      layer(`${net}.4`, 2, 4);
    }
  }
  const naming = namingCalled(code);
  const bytes = formatSafetensors(naming.fromOwn(own, of), { format: 'pt' });
  const file = { ...parseSafetensors(bytes), format: 'safetensors', part: '', parts: [], unknown: [] } as const;
  const read = poseCheckpointOf(file, path);
  return { ...read, conventions: { ...read.conventions, size: of.size } };
}

const waves = (count: number, size: number) =>
  Float32Array.from({ length: count }, (_, i) => size * Math.sin(i * 1.3 + 1));

describe("ONNX Runtime computes what wgrad's reference does", () => {
  test.each([
    ['mmpose1-mobilenet', 'official'],
    ['mmpose1-mobilenet', 'mmpose'],
    ['microsoft-hrnet', 'official'],
    ['microsoft-hrnet', 'mmpose'],
  ] as const)('of a head of RLE on the backbone of %s, in the form of the %s code', async (name, code) => {
    const checkpoint = await rleOn(name, code);
    const { architecture, conventions, naming } = checkpoint;
    expect([naming, architecture.head, architecture.joints]).toEqual([code, 'rle', RLE_JOINTS]);
    expect([conventions.normalise, conventions.origin]).toEqual(code === 'official' ? [true, 0.5] : [false, 0]);
    const images = Float32Array.from(await values(goldenImages(cpu(), conventions.size)));
    const { mu, sigma } = (await poseNetwork(cpu(), checkpoint)(images)) as FlipPoses;
    // The answer counts from the crop's middle, the file in the code's own units.
    const raw = Array.from(mu, (x) => x - conventions.origin + 0.5);
    await expectAnswers(checkpoint, raw, [RLE_JOINTS, 2], Array.from(sigma as Float64Array));
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

  test('of poses that are not at mu', async () => {
    const checkpoint = await rleOn('mmpose1-mobilenet', 'official');
    const shift = [0.25, -0.5];
    const [at, moved] = await Promise.all(
      [runnerOf(checkpoint), runnerOf(checkpoint, shift)].map(async (run) => (await run)(2)),
    );
    expect(moved.sigma).toEqual(at.sigma);
    const wanted = at.answer.map((x, i) => x - (at.sigma as number[])[i] * shift[i % 2]);
    expectCloseInNorm(moved.answer, wanted, GPU_LOSS_RELATIVE, 'mu');
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
