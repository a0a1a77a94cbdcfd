import { describe, expect, test } from 'vitest';
import { grad } from '../../src/autograd/grad.js';
import { ShapeError } from '../../src/errors.js';
import { rle } from '../../src/rle/rle.js';
import { rleMixed } from '../../src/rle/rleMixed.js';
import type { Device } from '../../src/tensor/backend.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../numbers.js';
import { goldenFlow } from './goldenFlow.js';

describe('mixed labels', () => {
  const flows = (device: Device) => ({ flow3d: goldenFlow(device, 3), flow2d: goldenFlow(device, 2) });
  const withWeights = (device: Device, weight: readonly number[]) => {
    const rng = new Rng(5);
    const make = (scale: number) =>
      device.tensor(
        Float64Array.from({ length: 6 }, () => rng.normal() * scale),
        [1, 2, 3],
      );
    const prediction = { mu: make(0.1), logit: make(1) };
    return [prediction, { target: make(0.1), weight: device.tensor(Float64Array.from(weight), [1, 2, 3]) }] as const;
  };

  test('a batch without depths and one of nothing but depths are two 2-D and 3-D losses', async () => {
    const device = cpu();
    const both = flows(device);
    const [prediction, labels] = withWeights(device, [1, 1, 1, 1, 1, 1]);
    const deep = await rleMixed(prediction, labels, both, { variant: 'paper' }).item();
    const plain = await rle(prediction, labels, both.flow3d, { variant: 'paper' }).item();
    expect(deep).toBeCloseTo(plain, 12);
    const [flatPrediction, flatLabels] = withWeights(device, [1, 1, 0, 1, 1, 0]);
    const value = await rleMixed(flatPrediction, flatLabels, both, { variant: 'paper' }).item();
    const xy = async (t: Tensor) => {
      const v = await t.data();
      return device.tensor(Float64Array.from([v[0], v[1], v[3], v[4]]), [1, 2, 2]);
    };
    const p2 = { mu: await xy(flatPrediction.mu), logit: await xy(flatPrediction.logit) };
    const want = await rle(p2, { target: await xy(flatLabels.target) }, both.flow2d, { variant: 'paper' }).item();
    expect(value).toBeCloseTo(want, 12);
  });

  test.each([
    [[1, 1, 1, 1, 1, 1], 'flow2d'],
    [[1, 1, 0, 1, 1, 0], 'flow3d'],
  ] as const)('weights %j: %s has no gradient', async (weight, unused) => {
    const device = cpu();
    const [prediction, labels] = withWeights(device, weight);
    const gradient = grad((f: ReturnType<typeof flows>) => rleMixed(prediction, labels, f))(flows(device));
    const used = unused === 'flow2d' ? 'flow3d' : 'flow2d';
    expect((await values(gradient[unused].t[3][2].weight)).every((v) => v === 0)).toBe(true);
    expect((await values(gradient[used].t[3][2].weight)).some((v) => v !== 0)).toBe(true);
  });

  test('scaleBound reaches both flows', async () => {
    const device = cpu();
    for (const weight of [
      [1, 1, 1, 1, 1, 1],
      [1, 1, 0, 1, 1, 0],
    ]) {
      const [prediction, labels] = withWeights(device, weight);
      const at = (scaleBound?: number) => rleMixed(prediction, labels, flows(device), { scaleBound }).item();
      expect(await at(1)).toBe(await at());
      expect(await at(0.5)).not.toBe(await at());
    }
  });

  test('flows of the wrong dimension and labels without depth weights are refused', () => {
    const device = cpu();
    const [prediction, labels] = withWeights(device, [1, 1, 1, 1, 1, 0]);
    const { flow2d, flow3d } = flows(device);
    expect(() => rleMixed(prediction, labels, { flow3d: flow2d, flow2d })).toThrow(/flow3d must be a flow over R\^3/);
    const perJoint = { target: labels.target, weight: device.tensor([1, 1], [1, 2, 1]) };
    expect(() => rleMixed(prediction, perJoint, { flow3d, flow2d })).toThrow(ShapeError);
  });
});
