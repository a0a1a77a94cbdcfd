import { describe, expect, test } from 'vitest';
import { cpu, DataError, Rng } from 'wgrad';
import { realNvp } from 'wgrad/rle';
import { coco17, lsp14 } from '../../src/schema.js';
import { evaluationBatches, TrainingBatches } from '../../src/train/batches.js';
import { LOSS_NAMES, type TrainConfig } from '../../src/train/config.js';
import { jointWeightsOf } from '../../src/train/jointWeights.js';
import { LOSSES } from '../../src/train/losses.js';
import { makeConfig } from '../../src/train/makeConfig.js';
import { initModel } from '../../src/train/model.js';
import { predict } from '../../src/train/predict.js';
import { score } from '../../src/train/scores.js';
import { TINY, tinyData } from './runs.js';

const WEIGHTS = lsp14.joints.map((_, k) => 0.25 * k);
const weighted: TrainConfig = { ...TINY, jointWeights: WEIGHTS };

describe('jointWeightsOf', () => {
  test('are those of the schema, of a list, or none', () => {
    const of = (text: string) => makeConfig({ jointWeights: text }, 'cpu');
    // configs/_base_/datasets/coco.py of mmpose.
    const mmpose = [1, 1, 1, 1, 1, 1, 1, 1.2, 1.2, 1.5, 1.5, 1, 1, 1.2, 1.2, 1.5, 1.5];
    expect(jointWeightsOf(coco17, of('schema'))).toEqual(mmpose);
    expect(jointWeightsOf(coco17, of('equal'))).toBeUndefined();
    expect(jointWeightsOf(lsp14, of(WEIGHTS.join(', ')))).toEqual(WEIGHTS);
  });

  test.each([
    ['schema', 'lsp14 has none of its own'],
    [[1, 2], '2 numbers'],
  ] as const)('refuses %s where the joints are others', (jointWeights, got) => {
    expect(() => jointWeightsOf(lsp14, { jointWeights })).toThrow(
      new DataError(
        `--joint-weights ${jointWeights}: ${got}; give 14, for the joints of lsp14: ${lsp14.joints.join(', ')}`,
      ),
    );
  });

  test('a run with weights of other joints is refused before it starts', async () => {
    const data = await tinyData();
    expect(() => new TrainingBatches(data, { ...TINY, jointWeights: 'schema' })).toThrow(/lsp14 has none of its own/);
  });
});

test('multiply the labels of training and evaluation, mirrored or not, and change nothing else of a batch', async () => {
  const data = await tinyData();
  const pairs = [await Promise.all([TINY, weighted].map((config) => new TrainingBatches(data, config).at(0, 0)))];
  const [plain, other] = [TINY, weighted].map((config) => [...evaluationBatches(lsp14, data.test, config, true)]);
  plain.forEach((batch, i) => {
    pairs.push([batch.upright, other[i].upright], [batch.mirrored as never, other[i].mirrored as never]);
  });
  for (const [before, after] of pairs) {
    const expected = before.weight.map((w, i) => w * WEIGHTS[i % 14]);
    expect(after).toEqual({ ...before, weight: expected });
  }
});

describe('the loss of images', () => {
  const device = cpu();
  const [B, K] = [3, 4];
  const draws = new Rng(5);
  const draw = (shape: readonly number[], size: number) =>
    device.tensor(
      Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => size * draws.normal()),
      shape,
    );
  const output = { mu: draw([B, K, 2], 0.1), logit: draw([B, K, 2], 1) };
  const maps = draw([B, 8, 8, K], 1);
  const target = draw([B, K, 2], 0.1);
  const flow = realNvp({ dims: 2 }).init(new Rng(6), device);

  test.each(LOSS_NAMES)(
    '%s: is the sum over joints by their weights, divided by the images alone, as in mmpose',
    async (loss) => {
      const valueFor = async (weights: readonly number[]) => {
        const all = Array.from({ length: B }, () => weights).flat();
        const labels = { target, weight: device.tensor(all, [B, K, 1]) };
        const said = loss === 'heatmap' || loss === 'dsnt' ? { maps } : output;
        return LOSSES[loss].value(said as never, labels, { flow, q: 'laplace' }).item();
      };
      const weights = [1.5, 0, 1.2, 0.25];
      const alone = await Promise.all(weights.map((_, k) => valueFor(weights.map((_, j) => Number(j === k)))));
      const expected = weights.reduce((sum, w, k) => sum + w * alone[k], 0);
      expect(await valueFor(weights)).toBeCloseTo(expected, 10);
    },
  );
});

test('metrics know nothing of them, the held-out loss is that of training', async () => {
  const data = await tinyData();
  const device = cpu();
  const configs = [
    { ...TINY, loss: 'l1' as const },
    { ...weighted, loss: 'l1' as const },
  ];
  const samples = data.test.slice(0, 4);
  const [plain, other] = await Promise.all(
    configs.map((config) =>
      predict({ device, schema: lsp14, config, ...initModel(device, config, 14) }, samples, { flipTest: false }),
    ),
  );
  expect(other.mu).toEqual(plain.mu);
  expect(score(lsp14, samples, other.mu)).toEqual(score(lsp14, samples, plain.mu));
  expect(Math.abs(other.loss / plain.loss - 1)).toBeGreaterThan(0.1);
});
