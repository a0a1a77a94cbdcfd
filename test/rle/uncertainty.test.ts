import { describe, expect, test } from 'vitest';
import { affineFlow } from '../../src/rle/flows/affineFlow.js';
import { couplingFlow } from '../../src/rle/flows/couplingFlow.js';
import type { Flow } from '../../src/rle/flows/flow.js';
import { realNvp } from '../../src/rle/flows/realNvp.js';
import { affine } from '../../src/rle/flows/transforms.js';
import { ellipse, ellipseRadius, highestDensityThreshold } from '../../src/rle/highestDensity.js';
import type { Prediction } from '../../src/rle/prediction.js';
import { drawErrors, predictiveDraws } from '../../src/rle/predictive.js';
import { calibrated, errorMoments, predictiveQuantiles, quantiles } from '../../src/rle/uncertainty.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectClose, values } from '../numbers.js';
import { CALIBRATION_SHARE } from '../tolerance.js';
import { randomised, reference } from './randomised.js';

const COUNT = 20_000;
const B = 200;
const K = 50;

const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));

/** Predictions of very different sigma, and labels that follow `mu - sigma e`, e drawn from the flow. */
async function world<P>(flow: Flow<P>, params: P) {
  const rng = new Rng(21);
  const shape = [B, K, 2];
  const draw = (scale: number, centre: number) =>
    Float64Array.from({ length: B * K * 2 }, () => centre + scale * rng.normal());
  const [mu, logit] = [draw(0.3, 0), draw(0.8, -2)];
  const perJoint = flow.pointShape.length === 2;
  const e = await values(flow.sample(params, perJoint ? B : B * K, rng));
  const target = mu.map((m, i) => m - sigmoid(logit[i]) * e[i]);
  const prediction: Required<Prediction> = { mu: reference.tensor(mu, shape), logit: reference.tensor(logit, shape) };
  return { prediction, target, mu, logit };
}

const nvp = realNvp({ dims: 2, hidden: 8 });
const skewed = randomised(nvp, 14);
const perJoint = couplingFlow({ dims: 2, transform: affine(), couplings: 3, hidden: 6, joints: K, embedding: 3 });

test.each([undefined, 'laplace'] as const)(
  'drawErrors, residualOf %s, leaves nothing behind but its draws',
  async (residualOf) => {
    const device = cpu();
    const params = nvp.init(new Rng(1), device);
    const draw = () => drawErrors(nvp, params, { rng: new Rng(2), count: 50, ...(residualOf ? { residualOf } : {}) });
    (await draw()).dispose(); // fills caches of constants
    const before = device.memory().live.bytes;
    const draws = await draw();
    expect(device.memory().live.bytes - before).toBe(draws.size * Float64Array.BYTES_PER_ELEMENT);
  },
);

describe.each([
  ['one flow', nvp as Flow<unknown>, skewed as unknown],
  ['a flow per joint', perJoint as Flow<unknown>, randomised(perJoint, 15) as unknown],
])('where the truth is known, %s', (_, flow, params) => {
  const known = world(flow, params);
  const drawn = drawErrors(flow, params, { rng: new Rng(5), count: flow === nvp ? COUNT : 4000 });

  test('as many labels lie below a quantile as it says', async () => {
    const { prediction, target } = await known;
    const levels = [0.05, 0.3, 0.5, 0.8, 0.95];
    const ends = await values(await predictiveQuantiles(prediction, await drawn, levels));
    levels.forEach((level, l) => {
      const end = ends.slice(l * target.length, (l + 1) * target.length);
      const share = target.reduce((sum, y, i) => sum + (y <= end[i] ? 1 / target.length : 0), 0);
      expect(Math.abs(share - level), `level ${level}`).toBeLessThan(CALIBRATION_SHARE);
    });
  });

  test('labels are off by the calibrated mean, standard deviation and covariance', async () => {
    const { prediction, target } = await known;
    const found = calibrated(prediction, errorMoments(await drawn));
    const [mean, std, covariance] = await Promise.all([found.mean, found.std, found.covariance].map(values));
    const u = target.map((y, i) => (y - mean[i]) / std[i]);
    const average = (f: (i: number) => number, n = u.length) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += f(i) / n;
      return sum;
    };
    expect(Math.abs(average((i) => u[i]))).toBeLessThan(CALIBRATION_SHARE);
    expect(Math.abs(Math.sqrt(average((i) => u[i] ** 2)) - 1)).toBeLessThan(CALIBRATION_SHARE);
    const points = B * K;
    const correlation = (i: number) => covariance[4 * i + 1] / (std[2 * i] * std[2 * i + 1]);
    expect(covariance[2]).toBe(covariance[1]);
    expect(Math.sqrt(covariance[0])).toBeCloseTo(std[0], 10);
    expect(Math.abs(average((i) => u[2 * i] * u[2 * i + 1], points) - average(correlation, points))).toBeLessThan(
      CALIBRATION_SHARE,
    );
  });

  test('ellipses hold the share they say', async () => {
    const { prediction, target } = await known;
    const errors = await drawn;
    const found = calibrated(prediction, errorMoments(errors));
    const [mean, covariance] = await Promise.all([found.mean, found.covariance].map(values));
    for (const level of [0.5, 0.9]) {
      const radius = await ellipseRadius(errors, level);
      let held = 0;
      for (let i = 0; i < B * K; i++) {
        const centre = [mean[2 * i], mean[2 * i + 1]] as const;
        const of = ellipse(
          centre,
          [covariance[4 * i], covariance[4 * i + 1], covariance[4 * i + 3]],
          radius[i % radius.length],
        );
        const [x, y] = [target[2 * i] - of.x, target[2 * i + 1] - of.y];
        const along = (x * Math.cos(of.angle) + y * Math.sin(of.angle)) / of.major;
        const across = (y * Math.cos(of.angle) - x * Math.sin(of.angle)) / of.minor;
        if (along ** 2 + across ** 2 <= 1) held++;
      }
      expect(Math.abs(held / (B * K) - level)).toBeLessThan(CALIBRATION_SHARE);
    }
  });

  test('regions of highest density hold the share they say', async () => {
    const { target, mu, logit } = await known;
    const errors = target.map((y, i) => (mu[i] - y) / sigmoid(logit[i]));
    const at = (e: Float64Array) => values(flow.logProb(params, reference.tensor(e, [B, K, 2])));
    const draws = flow.sample(params, flow.pointShape.length === 2 ? B : B * K, new Rng(31));
    const threshold = highestDensityThreshold(await at(Float64Array.from(await values(draws))), 0.7);
    const share = (await at(errors)).filter((l) => l >= threshold).length / (B * K);
    expect(Math.abs(share - 0.7)).toBeLessThan(CALIBRATION_SHARE);
  });
});

describe('predictive draws', () => {
  const prediction: Prediction = {
    mu: reference.tensor([0.2, -0.1], [1, 1, 2]),
    logit: reference.tensor([-1, -2], [1, 1, 2]),
  };
  const [first, second] = [sigmoid(-1), sigmoid(-2)];
  const normal = affineFlow({ dims: 2 });
  const params = { t: reference.tensor([0.5, -1]), s: reference.tensor([-0.5, 0.3]) };
  const moments = async (draws: Tensor) => {
    const found = errorMoments(reference.tensor(await values(draws), [COUNT, 1, 2]));
    return [...(await values(found.mean)), ...(await values(found.std))];
  };
  const options = { rng: new Rng(3), count: COUNT };

  test('are mu - sigma e: the code has the error the other way round', async () => {
    const draws = await predictiveDraws(prediction, normal, params, options);
    expect(draws.shape).toEqual([COUNT, 1, 1, 2]);
    const want = [0.2 - first * 0.5, -0.1 + second, first * Math.exp(-0.5), second * Math.exp(0.3)];
    expectClose(await moments(draws), want, { absolute: 0.01 }, 'mean and std');
  });

  test('of the direct design are f(mu + sigma z)', async () => {
    const draws = await predictiveDraws(prediction, normal, params, { ...options, design: 'direct' });
    const [a, b] = [Math.exp(-0.5), Math.exp(0.3)];
    const want = [0.2 * a + 0.5, -0.1 * b - 1, first * a, second * b];
    expectClose(await moments(draws), want, { absolute: 0.01 }, 'mean and std');
  });

  test('of a flow that was trained with log s follow s Q G', async () => {
    const errors = await drawErrors(normal, params, { ...options, residualOf: 'gaussian' });
    // Precisions add: N(t, e^2s) times N(0, 1).
    const spread = [-0.5, 0.3].map((s) => Math.exp(2 * s));
    const want = [...spread.map((v, d) => [0.5, -1][d] / (1 + v)), ...spread.map((v) => Math.sqrt(v / (1 + v)))];
    expectClose(await moments(errors), want, { absolute: 0.015 }, 'mean and std');
  });

  test('give the transforms of calibrated coordinates', async () => {
    const { target, prediction: many } = await world(nvp, skewed);
    const slice = 40;
    const n = 2 * slice * K;
    const some = async (t: Tensor) => reference.tensor((await values(t)).slice(0, n), [slice, K, 2]);
    const few = { mu: await some(many.mu), logit: await some(many.logit) };
    const draws = await predictiveDraws(few, nvp, skewed, { rng: new Rng(2), count: 400 });
    const data = await draws.data();
    const byLabel = Float64Array.from({ length: n * 400 }, (_, i) => data[(i % 400) * n + Math.floor(i / 400)]);
    // The share of the draws below the label: uniform if the density is the labels' own.
    const labels = target.slice(0, n);
    const u = Array.from(labels, (y, i) => {
      const own = byLabel.slice((i * byLabel.length) / n, ((i + 1) * byLabel.length) / n);
      return own.filter((x) => x < y).length / own.length;
    });
    const covered = u.filter((x) => Math.abs(x - 0.5) <= 0.4).length / n;
    expect(Math.abs(covered - 0.8)).toBeLessThan(CALIBRATION_SHARE);
  });
});

describe('pieces', () => {
  test('quantiles are linear between neighbours', async () => {
    const found = await quantiles(reference.tensor([3, 10, 1, 30, 2, 20], [3, 2]), [0, 0.25, 1]);
    expect(found.shape).toEqual([3, 2]);
    expect(await values(found)).toEqual([1, 10, 1.5, 15, 3, 30]);
    await expect(quantiles(found, [1.5])).rejects.toThrow(/levels from 0 to 1, at least one, got 1.5/);
  });

  test('an ellipse has the axes and the angle of its covariance', () => {
    const [c, s] = [Math.cos(0.3), Math.sin(0.3)];
    const [a, b] = [4, 1];
    const of = ellipse([1, 2], [a * c * c + b * s * s, (a - b) * c * s, a * s * s + b * c * c], 2);
    expectClose([of.x, of.y, of.major, of.minor, of.angle], [1, 2, 4, 2, 0.3], { absolute: 1e-12 }, 'ellipse');
  });

  test('the radius of a normal density is that of chi-squared', async () => {
    const flow = affineFlow({ dims: 2 });
    const errors = await drawErrors(flow, flow.init(new Rng(1), reference), { rng: new Rng(4), count: COUNT });
    const [radius] = await ellipseRadius(errors, 0.9);
    expect(Math.abs(radius / Math.sqrt(-2 * Math.log(0.1)) - 1)).toBeLessThan(CALIBRATION_SHARE);
    await expect(ellipseRadius(errors, 1)).rejects.toThrow(/a level between 0 and 1/);
  });
});
