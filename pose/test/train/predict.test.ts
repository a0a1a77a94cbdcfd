import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { cropAround } from '../../src/crop.js';
import { flipOrder } from '../../src/schema.js';
import { initModel } from '../../src/train/model.js';
import { type Network, predict } from '../../src/train/predict.js';
import type { LoadedData, LoadedSample } from '../../src/train/samples.js';
import { score } from '../../src/train/scores.js';
import { Team } from '../../src/train/team.js';
import { ranksInMemory } from './ranks/ranksInMemory.js';
import { TINY, tinyData } from './runs.js';

let data: LoadedData;
let network: Network;
beforeAll(async () => {
  data = await tinyData();
  const device = cpu();
  network = { device, schema: data.dataset.schema, config: TINY, ...initModel(device, TINY, 14) };
});

/** The same person in a mirror: columns reversed, joints moved, left and right swapped. */
function mirror(sample: LoadedSample): LoadedSample {
  const { width, height, data: pixels } = sample.image;
  const order = flipOrder(data.dataset.schema);
  const flipped = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      flipped.set(pixels.subarray(from, from + 3), (y * width + width - 1 - x) * 3);
    }
  }
  const joints = sample.joints.map((_, i) => {
    const value = sample.joints[2 * order[i >> 1] + (i % 2)];
    return i % 2 === 0 ? width - 1 - value : value;
  });
  const [x, y, w, h] = sample.box;
  const box = [width - 1 - x - w, y, w, h] as const;
  return { ...sample, image: { width, height, data: flipped }, box, crop: cropAround(box), joints };
}

describe('predict', () => {
  test('shared by ranks, each gets the predictions and the loss of one process', async () => {
    const whole = await predict(network, data.test, { flipTest: true });
    const teams = ranksInMemory(2).map((ranks) => new Team(ranks));
    // 13 samples in rounds of two batches of 2: in the last one a rank has nothing to do.
    const shared = await Promise.all(
      teams.map((team) => predict({ ...network, team }, data.test, { flipTest: true, signal: team.signal })),
    );
    for (const { mu, sigma, confidence, loss } of shared) {
      expect(mu).toEqual(whole.mu);
      expect(sigma).toEqual(whole.sigma);
      expect(confidence).toEqual(whole.confidence);
      expect(loss).toBeCloseTo(whole.loss, 12);
    }
  });

  test('with the flip test, a mirrored person has the mirrored pose, whatever the network', async () => {
    const samples = data.test.slice(0, 3);
    const [straight, mirrored] = await Promise.all(
      [samples, samples.map(mirror)].map((part) => predict(network, part, { flipTest: true })),
    );
    const order = flipOrder(data.dataset.schema);
    const reflect = (values: Float64Array, sign: number) =>
      values.map((_, i) => {
        const joint = Math.floor(i / 2) % 14;
        const value = values[i + 2 * (order[joint] - joint)];
        return i % 2 === 0 ? sign * value : value;
      });
    const far = (a: Float64Array, b: Float64Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i])));
    // Inputs are float32, the network is float64: pixels of both directions round alike but for the last bits.
    expect(far(mirrored.mu, reflect(straight.mu, -1))).toBeLessThan(1e-6);
    expect(far(mirrored.sigma as Float64Array, reflect(straight.sigma as Float64Array, 1))).toBeLessThan(1e-6);
    const plain = await predict(network, samples, { flipTest: false });
    expect(far(plain.mu, straight.mu)).toBeGreaterThan(1e-4);
  });

  test('of heatmaps the maps are turned back and averaged, and peaks say how sure it is', async () => {
    const device = cpu();
    const config = { ...TINY, loss: 'heatmap', head: 'heatmap', size: 32 } as const;
    const peaks = { device, schema: data.dataset.schema, config, ...initModel(device, config, 14) };
    const samples = data.test.slice(0, 3);
    const [straight, mirrored] = await Promise.all(
      [samples, samples.map(mirror)].map((part) => predict(peaks, part, { flipTest: true })),
    );
    const order = flipOrder(data.dataset.schema);
    const own = (i: number) => i - (i % 14) + order[i % 14];
    expect(straight.sigma).toBeUndefined();
    expect(straight.confidence).toHaveLength(3 * 14);
    straight.confidence?.forEach((height, i) => {
      expect(Math.abs(height - (mirrored.confidence?.[own(i)] as number))).toBeLessThan(1e-6);
      expect(mirrored.mu[2 * own(i)]).toBeCloseTo(-straight.mu[2 * i], 6);
      expect(mirrored.mu[2 * own(i) + 1]).toBeCloseTo(straight.mu[2 * i + 1], 6);
    });
    const alone = await predict(peaks, samples.slice(1, 2), { flipTest: false });
    expect(alone.loss).toBeGreaterThan(0);
  });

  test('neither predictions nor loss depend on how many samples share a batch', async () => {
    const together = await predict(network, data.test, { flipTest: false });
    const alone = await predict(network, data.test.slice(4, 5), { flipTest: false });
    expect(alone.mu).toEqual(together.mu.slice(4 * 28, 5 * 28));
    const losses = await Promise.all(data.test.map((sample) => predict(network, [sample], { flipTest: false })));
    const mean = losses.reduce((sum, { loss }) => sum + loss, 0) / losses.length;
    expect(together.loss).toBeCloseTo(mean, 9);
  });
});

test('score: the truth itself is perfect, and counts against the clean joints', () => {
  const { schema } = data.dataset;
  const size = (sample: LoadedSample) => sample.crop.width;
  const truth = Float64Array.from(
    data.test.flatMap((sample) =>
      Array.from(sample.clean as Float64Array, (value, i) => {
        return (value - (i % 2 === 0 ? sample.crop.centreX : sample.crop.centreY)) / size(sample);
      }),
    ),
  );
  expect(score(schema, data.test, truth)).toMatchObject({ pck10: 1, pck20: 1, pck50: 1 });
  const shifted = score(
    schema,
    data.test,
    truth.map((value, i) => (i % 2 === 0 ? value + 0.25 : value)),
  );
  expect(shifted.error).toBeCloseTo(0.25, 9);
  expect(shifted.correct.reduce((sum, right) => sum + right, 0) / shifted.correct.length).toBeCloseTo(shifted.pck20, 9);
});
