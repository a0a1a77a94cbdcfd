import { expect, test } from 'vitest';
import { grad, valueAndGrad } from '../../src/autograd/grad.js';
import { realNvp } from '../../src/rle/flows/realNvp.js';
import { perResidual } from '../../src/rle/perResidual.js';
import type { Labels, Prediction } from '../../src/rle/prediction.js';
import { rle } from '../../src/rle/rle.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { values } from '../numbers.js';

const device = cpu();
const flow = realNvp({ dims: 2, hidden: 8 });
const params = flow.init(new Rng(1), device);
const SHAPE = [2, 3, 2];

function batch(hidden?: number): [Required<Prediction>, Labels & { weight: Tensor }] {
  const rng = new Rng(4);
  const draw = () =>
    device.tensor(
      Float64Array.from({ length: 12 }, () => rng.normal()),
      SHAPE,
    );
  const [mu, logit, target] = [draw(), draw(), Float64Array.from({ length: 12 }, () => rng.normal())];
  const weight = Float64Array.of(1, 0.5, 1, 1, 0, 2);
  if (hidden !== undefined) target.fill(hidden, 8, 10);
  return [
    { mu, logit },
    { target: device.tensor(target, SHAPE), weight: device.tensor(weight, [2, 3, 1]) },
  ];
}

test.each(['paper', 'official', 'ultralytics'] as const)(
  '%s keeps its value and the gradient of sigma; that of mu is multiplied by sigma and the root mean square of e',
  async (variant) => {
    const [prediction, labels] = batch();
    const loss = (p: Required<Prediction>) => rle(p, labels, { flow, params, variant });
    const [value, plain] = valueAndGrad(loss)(prediction);
    const [same, scaled] = valueAndGrad((p: Required<Prediction>) => loss(perResidual(p, labels)))(prediction);
    expect(await same.item()).toBe(await value.item());
    expect(await values(scaled.logit)).toEqual(await values(plain.logit));
    const [mu, logit, target] = await Promise.all([prediction.mu, prediction.logit, labels.target].map(values));
    const sigma = logit.map((a) => 1 / (1 + Math.exp(-a)));
    const squares = mu.map((m, i) => (i === 8 || i === 9 ? 0 : ((m - target[i]) / sigma[i]) ** 2));
    const rms = Math.sqrt(squares.reduce((a, b) => a + b) / 10);
    const [got, before] = await Promise.all([values(scaled.mu), values(plain.mu)]);
    got.forEach((g, i) => {
      expect(g).toBeCloseTo(before[i] * sigma[i] * rms, 12);
    });
  },
);

test('residuals ten times as small leave the gradient of a Laplace likelihood at the best sigma as it is', async () => {
  const norms = await Promise.all(
    [1e-2, 1e-3].map(async (r) => {
      const one = (v: number) => device.tensor(Float64Array.of(v, v), [1, 1, 2]);
      const labels = { target: one(0) };
      const logit = one(Math.log(r / (1 - r)));
      const gradient = (f: (mu: Tensor) => Tensor) => grad(f)(one(r));
      const plain = await values(gradient((mu) => rle({ mu, logit }, labels)));
      const even = await values(gradient((mu) => rle(perResidual({ mu, logit }, labels), labels)));
      return [plain[0], even[0]];
    }),
  );
  expect(norms[1][0] / norms[0][0]).toBeCloseTo(10, 6);
  expect(norms[1][1] / norms[0][1]).toBeCloseTo(1, 6);
});

test('labels of weight 0 may be anything, and sigma may be absent', async () => {
  const gradientOf = async (hidden: number) => {
    const [{ mu }, labels] = batch(hidden);
    return values(grad((m: Tensor) => rle(perResidual({ mu: m }, labels), labels))(mu));
  };
  expect(await gradientOf(Number.NaN)).toEqual(await gradientOf(0));
  expect((await gradientOf(Number.NaN)).every(Number.isFinite)).toBe(true);
});
