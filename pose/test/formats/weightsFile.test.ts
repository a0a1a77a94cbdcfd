import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Checkpoint, formatSafetensors } from 'wgrad/io';
import { saveCheckpoint } from 'wgrad/io/node';
import { loadWeights } from '../../src/node/weightsFiles.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgrad-weights-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a checkpoint serves as weights to start from, as a plain export does', async () => {
  const tensor = { shape: [2], data: new Float32Array([1, 2]) };
  const checkpoint: Checkpoint = {
    model: new Map(Object.entries({ 'bn1.running_mean': tensor, 'conv1.weight': tensor })),
    optimizer: new Map([['m.conv1.weight', tensor]]),
    config: {},
    progress: { epoch: 1, step: 2, counters: {} },
  };
  const path = join(folder, 'best.safetensors');
  await saveCheckpoint(path, checkpoint);
  expect([...(await loadWeights(path)).keys()].sort()).toEqual(['bn1.running_mean', 'conv1.weight']);
  writeFileSync(path, formatSafetensors(checkpoint.model));
  expect([...(await loadWeights(path)).keys()].sort()).toEqual(['bn1.running_mean', 'conv1.weight']);
});
