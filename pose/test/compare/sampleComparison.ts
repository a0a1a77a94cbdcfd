import { type Comparison, summarise } from '../../src/node/compare/comparison.js';
import type { PlannedRun } from '../../src/node/compare/plan.js';
import type { RowName } from '../../src/node/compare/rows.js';
import { RISKS, type RunConfidence, type RunResult } from '../../src/node/compare/runResult.js';
import { runFolder } from '../../src/node/train/runFolder.js';
import { lsp14 } from '../../src/schema.js';
import { makeConfig } from '../../src/train/makeConfig.js';

const EPOCHS = 30;

/** What a run might have found: PCK@0.2 `pck`, the rest near it. */
function result(row: RowName, seed: number, pck: number, r?: number): PlannedRun {
  const config = { ...makeConfig({ data: 'lsp' }, 'webgpu'), seed };
  const curve = Array.from({ length: EPOCHS }, (_, i) => pck * (1 - Math.exp(-(i + 1) / 8)));
  const confidence: RunConfidence | undefined = r === undefined ? undefined : confidenceOf(r);
  const scores = { pck10: pck / 2 - 0.035, pck20: pck, pck50: pck / 2 + 0.545, error: 0.158 - pck / 10 };
  const calibration = r === undefined ? undefined : { error: r / 20, sharpness: r / 2 };
  const found: RunResult = { config, curve, scores: { ...scores, ...(confidence && { confidence, calibration }) } };
  return { row, seed, config, folder: runFolder(`${row}-${seed}`), begun: true, result: found };
}

function confidenceOf(r: number): RunConfidence {
  return {
    joints: { pearson: r, spearman: r + 0.06 },
    people: { pearson: 2 * r - 0.78, spearman: r - 0.1 },
    aurc: 0.07,
    risk: Array.from({ length: RISKS }, (_, i) => 0.04 + (0.08 * (i + 1)) / RISKS),
  };
}

/** A comparison that never was: three seeds of L1, two of RLE and one that diverged. */
export function sampleComparison(): Comparison {
  const runs = [
    ...[0.36, 0.37, 0.38].map((pck, i) => result('l1', i + 1, pck)),
    ...[0.35, 0.36].map((pck, i) => result('rle', i + 1, pck, 0.635 + i / 100)),
  ];
  const [{ config }] = runs;
  const diverged: PlannedRun = {
    ...{ row: 'rle', seed: 3, config: { ...config, seed: 3 }, folder: runFolder('rle-3'), begun: true },
    result: { config, curve: [], diverged: 'training diverged' },
  };
  return summarise(
    [...runs, diverged],
    {
      data: { name: 'lsp', schema: lsp14, train: 1000, test: 1000 },
      device: 'a device',
      baselines: [{ name: 'mean pose', pck10: 0.048, pck20: 0.198, pck50: 0.672, error: 0.1409 }],
    },
    new Map([
      ['l1', { parameters: 2_802_108, flowParameters: 0, macs: 39.12e6, latency: { one: 12.9, batched: 3.41 } }],
      ['rle', { parameters: 2_816_472, flowParameters: 26_500, macs: 39.14e6, latency: { one: 12.9, batched: 3.41 } }],
    ]),
  );
}
