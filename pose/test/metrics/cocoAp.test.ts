import { describe, expect, test } from 'vitest';
import { METRIC_DIGITS } from '../../../test/tolerance.js';
import { withAreas } from '../../src/coco/areas.js';
import { type CocoApOptions, type CocoScores, cocoAp } from '../../src/metrics/cocoAp.js';
import { readAnnotations } from '../../src/node/datasets/readAnnotations.js';
import { readResults } from '../../src/node/jsonFiles.js';
import { coco17 } from '../../src/schema.js';
import oracles from '../golden/coco_oracles.json' with { type: 'json' };
import pair from '../golden/coco_val_pair.json' with { type: 'json' };
import golden from '../golden/metrics_golden.json' with { type: 'json' };
import { jsonFolder, pairResults } from './cocoFiles.js';

const write = jsonFolder();

async function evaluate(truth: unknown, results: unknown, variant?: CocoApOptions['variant']): Promise<CocoScores> {
  const annotations = await readAnnotations(write('gt.json', truth));
  const found = await readResults(write('dt.json', results), annotations);
  return cocoAp(withAreas(annotations, 'annotation'), found, { sigmas: coco17.oksSigmas, variant });
}

const close = (scores: Record<string, number>) =>
  Object.fromEntries(Object.entries(scores).map(([name, value]) => [name, expect.closeTo(value, METRIC_DIGITS)]));

describe('the ten figures of pycocotools', () => {
  test.each(oracles.sets)('$name', async ({ annotations, results, exact, pycocotools }) => {
    expect(await evaluate(annotations, results)).toEqual(close(exact));
    expect(await evaluate(annotations, results, 'pycocotools')).toEqual(close(pycocotools));
  });

  test('images of COCO 2017 val', async () => {
    expect(await evaluate(pair, pairResults())).toEqual(close(pair.metrics));
  });

  test.each(golden.coco.map((set, i) => ({ ...set, name: `${i + 1}` })))(
    'golden set $name',
    async ({ gt, dt, stats }) => {
      expect(Object.values(await evaluate(gt, dt))).toEqual(stats.map((value) => expect.closeTo(value, METRIC_DIGITS)));
    },
  );

  test('the golden sets see what they are to see: ids of 0 cost precision, and a range may be empty', () => {
    const [zeroIds, , nobodyMedium] = oracles.sets;
    expect(zeroIds.annotations.annotations.some(({ id }) => id === 0)).toBe(true);
    expect(zeroIds.pycocotools.AP).toBeLessThan(zeroIds.exact.AP - 0.05);
    expect(nobodyMedium.exact.APm).toBe(-1);
  });
});

describe('by hand', () => {
  const labels = Array.from({ length: 17 }, (_, k) => [10 * k, 5 * k, 2]).flat();
  const person = {
    id: 1,
    image_id: 1,
    category_id: 1,
    keypoints: labels,
    area: 5000,
    bbox: [0, 0, 160, 80],
    iscrowd: 0,
  };
  const truth = (...annotations: object[]) => ({ images: [{ id: 1 }], categories: [{ id: 1 }], annotations });
  const found = (score: number, dx = 0) => ({
    image_id: 1,
    category_id: 1,
    score,
    bbox: [0, 0, 100, 50],
    keypoints: labels.map((v, i) => (i % 3 === 0 ? v + dx : v)),
  });

  test('a perfect result is worth 1, and a better-scored wrong one before it halves the precision', async () => {
    const one = expect.closeTo(1, METRIC_DIGITS);
    expect(await evaluate(truth(person), [found(0.5)])).toMatchObject({ AP: one, AR: 1, APm: one, APl: -1 });
    const { AP, AR } = await evaluate(truth(person), [found(0.5), found(0.9, 500)]);
    expect([AP, AR]).toEqual([expect.closeTo(0.5, METRIC_DIGITS), 1]);
  });

  test('no results are worth 0, nobody to find is worth -1', async () => {
    expect(await evaluate(truth(person), [])).toMatchObject({ AP: 0, AR: 0, APl: -1 });
    expect(await evaluate(truth(), [found(0.5)])).toMatchObject({ AP: -1, AR: -1 });
  });

  test('results at a crowd count for nothing, however many', async () => {
    const crowd = { ...person, id: 2, iscrowd: 1, keypoints: labels.map((v, i) => (i % 3 === 0 ? v + 300 : v)) };
    const { AP } = await evaluate(truth(crowd, person), [found(0.9, 300), found(0.8, 300), found(0.7)]);
    expect(AP).toBeCloseTo(1, METRIC_DIGITS);
  });

  test('people of exactly 32^2 and 96^2 square pixels are medium, those of 96^2 large as well', async () => {
    const areas = async (area: number) => {
      const { APm, APl } = await evaluate(truth({ ...person, area }), [found(0.5)]);
      return [APm, APl].map(Math.round);
    };
    expect(await areas(32 ** 2)).toEqual([1, -1]);
    expect(await areas(32 ** 2 - 1)).toEqual([-1, -1]);
    expect(await areas(96 ** 2)).toEqual([1, 1]);
    expect(await areas(96 ** 2 + 1)).toEqual([-1, 1]);
  });

  test('only the 20 best of an image count', async () => {
    const wrong = Array.from({ length: 20 }, () => found(0.9, 500));
    expect((await evaluate(truth(person), [...wrong, found(0.5)])).AR).toBe(0);
    expect((await evaluate(truth(person), [...wrong.slice(1), found(0.5)])).AR).toBe(1);
  });
});
