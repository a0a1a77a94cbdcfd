import { expect, test } from 'vitest';
import { METRIC_DIGITS } from '../../../test/tolerance.js';
import { scoreTable } from '../../src/cli/scoreTable.js';
import { cropAround, encodeJoints } from '../../src/crop.js';
import { renderReport } from '../../src/node/report/renderReport.js';
import { flipOrder } from '../../src/schema.js';
import { mpii16 } from '../../src/schemas/mpii16.js';
import type { LoadedSample } from '../../src/train/samples.js';
import { score } from '../../src/train/scores.js';
import { sampleReport } from '../sampleReport.js';

const K = mpii16.joints.length;
const order = flipOrder(mpii16);

/** A person whose joints are predicted so many pixels too far to the right. */
function predicted(off: (k: number) => number, headBox?: LoadedSample['headBox']): [LoadedSample, Float64Array] {
  const joints = Float64Array.from({ length: 2 * K }, (_, i) => 20 + ((7 * i) % 50));
  const crop = cropAround([10, 10, 60, 60]);
  const image = { width: 100, height: 100, data: new Uint8Array(30_000) };
  const weights = Float64Array.from({ length: K }, (_, k) => Number(k !== 3));
  const sample = { id: 'x', image, box: [10, 10, 60, 60] as const, joints, weights, crop, headBox };
  const shifted = joints.map((v, i) => (i % 2 === 0 ? v + off(i >> 1) : v));
  const mu = new Float64Array(2 * K);
  encodeJoints(shifted, new Array(K).fill(1), crop, order, mu, new Float64Array(K));
  return [sample, mu];
}

const scored = (...people: [LoadedSample, Float64Array][]) =>
  score(
    mpii16,
    people.map(([sample]) => sample),
    Float64Array.from(people.flatMap(([, mu]) => Array.from(mu))),
  );

test("MPII's PCKh is beside PCK where heads are annotated, over the people who have one", () => {
  // Half of 0.6 of the diagonal 30, 40 is 15 pixels. The first five joints are right, one of them without a label; pelvis and
  // thorax, both wrong, do not count: 4 of 13.
  const some = predicted((k) => (k < 5 ? 14.9 : 15.1), [0, 0, 30, 40]);
  const without = predicted(() => 0);
  expect(scored(some).pckh50).toBeCloseTo(4 / 13, METRIC_DIGITS);
  expect(scored(some, without).pckh50).toBeCloseTo(4 / 13, METRIC_DIGITS);
  const far = predicted((k) => (k % 2 ? 59 : 61), [0, 0, 120, 160]);
  // Of 13 labels that count eight are odd, 3 without a label and 7 the thorax: six; small heads and large ones alike.
  expect(scored(some, far).pckh50).toBeCloseTo((4 + 6) / 26, METRIC_DIGITS);
  expect('pckh50' in scored(without)).toBe(false);
});

test('tables and reports have a column for it, and none without', async () => {
  const plain = await sampleReport();
  const { network, baselines, ...rest } = plain;
  const report = {
    ...rest,
    network: { ...network, pckh: 0.3217 },
    baselines: baselines.map((baseline) => ({ ...baseline, pckh: 0.1234 })),
  };
  expect(scoreTable(report)).toMatch(/PCK@0\.5 %\s+PCKh@0\.5 %\s+error[\s\S]*32\.2[\s\S]*12\.3/);
  const page = await renderReport(report);
  expect(page).toContain('<th>PCKh@0.5&#160;%</th>');
  expect(page).toContain('<td>32.2</td>');
  expect(scoreTable(plain)).not.toContain('PCKh');
  expect(await renderReport(plain)).not.toContain('PCKh@0.5');
});
