import { describe, expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { toNchw } from '../../../test/models/torchRegressor.js';
import { expectCloseInNorm, flat, values } from '../../../test/numbers.js';
import { CALIBRATION_SHARE, GPU_LOSS_RELATIVE } from '../../../test/tolerance.js';
import { type PoseCheckpoint, poseCheckpointOf } from '../../src/checkpoints/poseCheckpoint.js';
import type { FlipMaps, FlipPoses } from '../../src/flipAverage.js';
import { readTorchState } from '../../src/formats/torch/torchState.js';
import { errorsOf } from '../../src/predict/errorsOf.js';
import { jointsOf } from '../../src/predict/jointsOf.js';
import { poseNetwork } from '../../src/predict/poseNetwork.js';
import { lsp14 } from '../../src/schema.js';
import type { ErrorDensity } from '../../src/uncertainty/errorDensity.js';
import { checkpoints, withHead } from '../checkpoints/committedCheckpoints.js';
import { committedModel, committedModels, goldenImages } from '../checkpoints/torchModels.js';
import { committedNetworks, wantedOf } from '../checkpoints/torchNetworks.js';
import { TINY } from '../train/runs.js';

async function checkpointOf(name: string): Promise<PoseCheckpoint> {
  const { size } = committedModels[name];
  const file = { ...(await readTorchState(committedModel(name), name)), format: 'safetensors' as const };
  const checkpoint = poseCheckpointOf(file, name);
  return { ...checkpoint, conventions: { ...checkpoint.conventions, size: [size[0], size[1]] } };
}

const flatOnly = (checkpoint: PoseCheckpoint): PoseCheckpoint => ({
  ...checkpoint,
  architecture: { ...checkpoint.architecture, flows: [] },
});

describe('poseNetwork', () => {
  test.each(Object.keys(committedModels))(
    'tells what PyTorch tells of %s, from the middle of the crop',
    async (name) => {
      const checkpoint = await checkpointOf(name);
      const golden = committedModels[name];
      const images = Float32Array.from(await values(goldenImages(cpu(), golden.size)));
      const { mu, sigma } = (await poseNetwork(cpu(), checkpoint)(images)) as FlipPoses;
      const { dims } = checkpoint.architecture;
      const shift = checkpoint.conventions.origin - 0.5;
      // The images are rounded to float32 here, and not in the golden.
      const wanted = flat(golden.mu).map((x, i) => (i % dims < 2 ? x + shift : x));
      expectCloseInNorm(mu, wanted, GPU_LOSS_RELATIVE, 'mu');
      const sigmas = flat(golden.logit).map((logit) => 1 / (1 + Math.exp(-logit)));
      expectCloseInNorm(sigma as Float64Array, sigmas, GPU_LOSS_RELATIVE, 'sigma');

      const kept = [...checkpoint.state].filter(([key]) => !/^(fc_sigma|flow)/.test(key));
      const architecture = { ...checkpoint.architecture, head: 'regression' as const, flows: [] };
      const plain = (await poseNetwork(cpu(), { ...checkpoint, architecture, state: new Map(kept) })(
        images,
      )) as FlipPoses;
      expect(plain.sigma).toBeUndefined();
      expect(plain.mu).toEqual(mu);
    },
  );
});

describe('poseNetwork with heatmaps', () => {
  const answerTo = async (name: string) => {
    const checkpoint = await checkpoints[name]();
    const images = Float32Array.from(await values(goldenImages(cpu(), checkpoint.conventions.size)));
    return { checkpoint, answer: await poseNetwork(cpu(), checkpoint)(images) };
  };

  test('gives the maps whose peaks are the joints', async () => {
    const { answer } = await answerTo('microsoft-hrnet');
    const { maps, shape } = answer as FlipMaps;
    expect(shape).toEqual([2, 16, 8, 3]);
    const wanted = wantedOf(committedNetworks['microsoft-hrnet']);
    expectCloseInNorm(toNchw(maps, shape), wanted, GPU_LOSS_RELATIVE, 'maps');
  });

  test('gives the means of maps from the middle of the crop', async () => {
    const { answer } = await answerTo('mmpose1-dsnt');
    const wanted = flat(wantedOf(committedNetworks['mmpose1-dsnt']));
    const { mu, sigma } = answer as FlipPoses;
    expect(sigma).toBeUndefined();
    expectCloseInNorm(
      mu.map((x) => x + 0.5),
      wanted,
      GPU_LOSS_RELATIVE,
      'mu',
    );
  });

  test('is refused of a backbone alone', async () => {
    const checkpoint = withHead(await checkpoints['microsoft-hrnet'](), { head: 'none' });
    expect(() => poseNetwork(cpu(), checkpoint)).toThrow(/a backbone without a head, which says nothing of joints/);
  });
});

describe('errorsOf', () => {
  test('is the density that was assumed, or of the flow', async () => {
    const checkpoint = await checkpointOf('mmpose0-zip');
    const expectStd = async (of: PoseCheckpoint, want: number) => {
      const { mean, covariance } = (await errorsOf(cpu(), of)) as ErrorDensity;
      expect(Math.abs(Math.sqrt(covariance[0]) / want - 1)).toBeLessThan(CALIBRATION_SHARE);
      expect(Math.abs(Math.sqrt(covariance[2]) / want - 1)).toBeLessThan(CALIBRATION_SHARE);
      for (const near of [...mean, covariance[1]]) expect(Math.abs(near)).toBeLessThan(2 * CALIBRATION_SHARE);
    };
    await expectStd({ ...flatOnly(checkpoint), loss: { ...TINY, loss: 'gaussian' } }, 1);
    await expectStd(flatOnly(checkpoint), Math.SQRT2);
    expect(
      await errorsOf(cpu(), {
        ...checkpoint,
        architecture: { ...checkpoint.architecture, head: 'regression', sigma: false },
      }),
    ).toBeUndefined();
    // A flow whose last layers are 0 moves nothing: the normal distribution.
    const still = [...checkpoint.state].map(([name, tensor]) => {
      const isLast = /^flow\.[ts]\.\d+\.4\./.test(name);
      return [name, isLast ? { ...tensor, data: new Float32Array(tensor.data.length) } : tensor] as const;
    });
    await expectStd({ ...checkpoint, state: new Map(still) }, 1);
  });
});

describe('jointsOf', () => {
  test('is what the file says, else goes by the number of joints and by who named the tensors', async () => {
    const checkpoint = await checkpointOf('mmpose0-zip');
    const of = (joints: number, naming: PoseCheckpoint['naming']) =>
      jointsOf({ ...checkpoint, naming, architecture: { ...checkpoint.architecture, joints } });
    expect(of(17, 'official').name).toBe('coco17');
    expect(of(14, 'mmpose').name).toBe('crowdpose14');
    expect(of(16, 'official').name).toBe('mpii16');
    expect(jointsOf({ ...checkpoint, schema: lsp14 })).toBe(lsp14);
  });

  test('of joints that nobody names, nothing is known: 14 may be those of LSP or of CrowdPose', async () => {
    const checkpoint = await checkpointOf('mmpose0-zip');
    for (const joints of [5, 14]) {
      const architecture = { ...checkpoint.architecture, joints };
      expect(jointsOf({ ...checkpoint, naming: 'official', architecture })).toEqual({
        name: `${joints} joints`,
        joints: Array.from({ length: joints }, (_, k) => `joint ${k}`),
        limbs: [],
        upperBody: [],
      });
    }
  });
});
