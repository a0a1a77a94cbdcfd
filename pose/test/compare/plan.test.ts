import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PoseDataset } from '../../src/dataset.js';
import { figures } from '../../src/figures/figures.js';
import { planRuns } from '../../src/node/compare/plan.js';
import { writeResult } from '../../src/node/compare/runResult.js';
import { runFolder } from '../../src/node/train/runFolder.js';
import { openRun } from '../../src/node/train/runRecord.js';
import { factsOf } from '../../src/train/dataFacts.js';
import { makeConfig } from '../../src/train/makeConfig.js';

let out: string;
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'wgrad-'));
});
afterAll(() => rmSync(out, { recursive: true }));

const LABELS: PoseDataset = { ...figures({ train: 10, test: 10 }), name: 'lsp', digest: 'before' };

/** The result of planning a comparison over data, where one over `saved` was finished. */
async function plan(saved: string, wanted: string, dataset = LABELS) {
  const folder = join(out, saved.replaceAll('/', '_'));
  const config = makeConfig({ data: saved, loss: 'l1' }, 'cpu');
  const data = factsOf(LABELS);
  await openRun(runFolder(join(folder, 'l1-1')), { event: 'start', device: 'any', data, config });
  await writeResult(runFolder(join(folder, 'l1-1')), { config, data, curve: [], diverged: 'for the test' });
  return planRuns(['l1'], [1], folder, () => makeConfig({ data: wanted, loss: 'l1' }, 'cpu'), dataset);
}

test.each([
  ['sets/lsp', '../sets/lsp'],
  ['sets/lsp', resolve('elsewhere/lsp')],
  ['/sets/lsp,coco', '/sets/lsp/,../coco'],
])('a comparison over %s goes on over %s', async (saved, wanted) => {
  expect((await plan(saved, wanted))[0].result?.diverged).toBe('for the test');
});

test.each([
  ['sets/lsp', 'sets/mpii'],
  ['/sets/lsp', '/halves/lsp'],
  ['sets/lsp', 'sets/lsp,mpii'],
])('a comparison over %s does not go on over %s', async (saved, wanted) => {
  await expect(plan(saved, wanted)).rejects.toThrow(`the run in it has --data ${saved}, this comparison ${wanted}; `);
});

test('a comparison does not go on over data that have changed since', async () => {
  const grown = { ...LABELS, train: { ...LABELS.train, length: 11 } };
  await expect(plan('lsp', 'lsp', grown)).rejects.toThrow(
    /l1-1: the run has 10 training and 10 held-out images, and lsp now 11 and 10; give the data that it had, or another --out$/,
  );
  await expect(plan('lsp', 'lsp', { ...LABELS, digest: 'after' })).rejects.toThrow(
    /l1-1: the run in it had other labels, boxes or names of pictures than lsp has now; give the data .*, or another --out$/,
  );
});
