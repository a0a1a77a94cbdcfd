import { expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { parseSafetensors } from 'wgrad/io';
import type { RealNvpParams } from 'wgrad/rle';
import { CALIBRATION_SHARE } from '../../../test/tolerance.js';
import { formatPoseCheckpoint, poseCheckpointOf } from '../../src/checkpoints/poseCheckpoint.js';
import { readAnswer, shifted } from '../../src/networkAnswer.js';
import { saveRun } from '../../src/node/train/runFile.js';
import { readPoseCheckpoint } from '../../src/node/weightsFiles.js';
import { errorsOf, placeNote } from '../../src/predict/errorsOf.js';
import { closeEpoch, validationSamples } from '../../src/train/closeEpoch.js';
import { LOSS_NAMES } from '../../src/train/config.js';
import { evaluate } from '../../src/train/evaluate.js';
import { isPlaceOpen } from '../../src/train/losses.js';
import { predict } from '../../src/train/predict.js';
import { scoreAll } from '../../src/train/scores.js';
import { startSession } from '../../src/train/session.js';
import type { ErrorDensity } from '../../src/uncertainty/errorDensity.js';
import { G, plant } from './plantedFlow.js';
import { TINY, tinyData, withFolder } from './runs.js';

const device = cpu();

test('only DLE and RLE with log s leave open where mu is', () => {
  const open = LOSS_NAMES.filter((loss) => isPlaceOpen({ loss, logS: 'none' }));
  expect(open).toEqual(['dle']);
  expect(isPlaceOpen({ loss: 'rle', logS: 'importance' })).toBe(true);
  expect(isPlaceOpen({ loss: 'laplace', logS: 'importance' })).toBe(false);
});

test('a shift is of each axis and in units of sigma; what has no sigma stays', async () => {
  const [mu, logit] = [
    device.tensor([0.5, -0.5, 0.25, 0], [1, 2, 2]),
    device.tensor([0, Math.log(3), -Math.log(3), 0], [1, 2, 2]),
  ];
  const answer = await readAnswer({ mu, logit });
  const moved = shifted(answer, [1, -2]) as { readonly mu: Float64Array };
  // Sigmas are 1/2, 3/4, 1/4, 1/2.
  [0, 1, 0, 1].forEach((value, i) => void expect(moved.mu[i]).toBeCloseTo(value, 6));
  expect(shifted(answer, undefined)).toBe(answer);
  const bare = await readAnswer({ mu });
  expect(shifted(bare, [1, -2])).toBe(bare);
});

/** A run at its start, whose flow has the density G, and what its network says of the test half. */
async function planted(loss: 'dle' | 'rle') {
  const data = await tinyData();
  const config = { ...TINY, loss };
  const session = startSession(device, config, data);
  const { params, state } = session.learner;
  plant(device, params.flow as RealNvpParams);
  const { schema } = data.dataset;
  const raw = await predict({ device, schema, config, params, state }, data.test, { flipTest: false });
  return { session, test: data.test, schema, raw };
}

test('poses of DLE are at the mean of its density, in scores, curves and uncertainties', async () => {
  const { session, test: held, schema, raw } = await planted('dle');
  const { predictions, scores, uncertainty } = await evaluate(session);
  predictions.mu.forEach((value, i) => {
    const sigma = (raw.sigma as Float64Array)[i];
    expect(Math.abs(value - (raw.mu[i] - sigma * G.mean))).toBeLessThan(sigma * G.std * CALIBRATION_SHARE);
    expect(uncertainty?.labels.mean[i]).toBeCloseTo(value, 12);
  });
  expect(scores.error).toBe(scoreAll(schema, held, predictions).error);
  expect(scores.error).not.toBe(scoreAll(schema, held, raw).error);
  // All held-out samples are validation samples here, and figures have no flip test.
  expect(validationSamples(held)).toEqual(held);
  Object.assign(session.progress, { lossSum: 1, lossCount: 1, seconds: 1 });
  expect((await closeEpoch(session)).pck20).toBe(scores.pck20);
});

test('a converted file knows the loss, so that poses are where those of the run are', async () => {
  const { session } = await planted('dle');
  await withFolder(async ({ last }) => {
    await saveRun(session, last);
    const run = await readPoseCheckpoint(last);
    const { shift } = (await errorsOf(device, run)) as ErrorDensity;
    for (const value of shift as number[]) expect(Math.abs(value - G.mean)).toBeLessThan(G.std * CALIBRATION_SHARE);
    for (const names of ['official', 'mmpose']) {
      const { tensors, metadata } = parseSafetensors(formatPoseCheckpoint(run, names).bytes);
      const file = { format: 'safetensors', part: '', parts: [], unknown: [], tensors } as const;
      const converted = poseCheckpointOf({ ...file, metadata }, names);
      expect(converted.loss).toEqual({ loss: 'dle', q: 'laplace', logS: 'none' });
      expect((await errorsOf(device, converted))?.shift).toEqual(shift);
      expect(placeNote(converted)).toBeUndefined();
      for (const loss of ['dle', '{}', '{"loss":"dle","q":"laplace","logS":"often"}']) {
        expect(() => poseCheckpointOf({ ...file, metadata: { ...metadata, loss } }, names)).toThrow(
          `${names}: metadata "loss": expected an object of loss, q and logS; it is damaged`,
        );
      }
    }
    const { tensors, metadata } = parseSafetensors(formatPoseCheckpoint(run, 'official').bytes);
    const without = new Map([...tensors].filter(([name]) => !name.startsWith('flow')));
    const file = { format: 'safetensors', part: '', parts: [], unknown: [], tensors: without, metadata } as const;
    const cut = poseCheckpointOf(file, 'cut');
    expect(placeNote(cut)).toMatch(
      /^cut: the loss dle that trained it leaves open where mu is, and the file has not the flow/,
    );
    expect((await errorsOf(device, cut))?.shift).toBeUndefined();
  });
});

test('a pose of RLE is mu, whatever its flow', async () => {
  const { session, raw } = await planted('rle');
  expect((await evaluate(session)).predictions.mu).toEqual(raw.mu);
});
