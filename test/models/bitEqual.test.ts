import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/tensor/cpu.js';
import { tensorsOf } from '../../src/tensor/tree.js';
import { webgpu } from '../../src/tensor/webgpu.js';
import { BACKENDS } from '../backends.js';
import { values } from '../numbers.js';
import { regressorTraining, type Training } from './regressorTraining.js';

const STEPS = 5;

describe.each(BACKENDS)('five steps of ResNet-18, RLE and Adam on $name', ({ name }) => {
  /** Every number that training changes, on a device of its own. */
  async function run(checkpoint: boolean): Promise<number[]> {
    const device = name === 'GPU' ? await webgpu() : cpu();
    const { start, step } = regressorTraining(device, name === 'GPU' ? SIZE.gpu : SIZE.reference);
    let training: Training = start;
    const losses: number[] = [];
    for (let k = 0; k < STEPS; k++) {
      const result = step(training, { checkpoint });
      training = result.training;
      losses.push(await result.loss.item());
    }
    const numbers = [...losses, ...(await Promise.all(tensorsOf(training).map(values))).flat()];
    device.destroy();
    return numbers;
  }
  const SIZE = { gpu: { width: 4, side: 40, batch: 3 }, reference: { width: 2, side: 32, batch: 2 } };

  test('are the same bits from run to run, with checkpoints too', async () => {
    const first = await run(false);
    expect(first.length).toBeGreaterThan(10_000);
    expect(first.findIndex((x) => !Number.isFinite(x))).toBe(-1);
    expect(new Set(first.slice(0, STEPS)).size, 'losses that change').toBe(STEPS);
    for (const checkpoint of [false, true]) {
      const again = await run(checkpoint);
      expect(again.length).toBe(first.length);
      expect(first.findIndex((x, i) => x !== again[i])).toBe(-1);
    }
  });
});
