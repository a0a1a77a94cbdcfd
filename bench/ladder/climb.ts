import { scope } from '../../src/tensor/scope.js';
import type { Device } from '../../src/tensor/tensor.js';
import { checkKernel, outputsOf } from '../../src/testing/checkKernel.js';
import { drawOperands } from '../../src/testing/checkSample.js';
import { upload } from '../../src/testing/hostArray.js';
import { median } from '../quantile.js';
import type { Ladder, Rung } from './rung.js';

const SEED = 1;
/** A sample lasts at least this long, so that waiting for the queue does not count. */
const SAMPLE_MS = 20;

/** A rung's time, the median of its samples. */
export interface RungRow {
  readonly name: string;
  readonly ms: number;
  readonly gflops: number;
  /** How many times as fast as the rung below, and as the lowest rung. */
  readonly step: number;
  readonly climb: number;
}

export interface LadderReport {
  readonly name: string;
  /** Shapes of the operands. */
  readonly shapes: string;
  readonly rows: readonly RungRow[];
}

/**
 * Compares rungs with the float64 reference.
 * @throws GradcheckError naming the rung that computes something else
 */
export async function checkRungs(rungs: readonly Rung[], { shapes, attrs }: Ladder['checked'], device: Device) {
  const operands = drawOperands({ inputs: shapes.map((shape) => ({ shape })) }, SEED);
  for (const { op } of rungs) await checkKernel(op, operands, attrs, device);
}

/**
 * Checks every rung, then times them in turns, a sample each per round.
 * @throws GradcheckError naming the rung that computes something else
 */
export async function climb(ladder: Ladder, device: Device, rounds: number): Promise<LadderReport> {
  const { shapes, attrs, flop } = ladder.timed(device.capabilities.tier);
  const rungs = ladder.rungs(device.capabilities);
  await checkRungs(rungs, ladder.checked, device);

  const operands = drawOperands({ inputs: shapes.map((shape) => ({ shape })) }, SEED).map((x) => upload(device, x));
  const sample = async (i: number, repeats: number) => {
    const start = performance.now();
    for (let k = 0; k < repeats; k++) scope(() => void outputsOf(rungs[i].op, operands, attrs));
    await device.finished();
    return (performance.now() - start) / repeats;
  };
  const repeats: number[] = [];
  for (const i of rungs.keys()) {
    await sample(i, 1); // compiles
    repeats.push(Math.ceil(SAMPLE_MS / (await sample(i, 1))));
  }
  const times: number[][] = rungs.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const i of rungs.keys()) times[i].push(await sample(i, repeats[i]));
  }
  for (const x of operands) x.dispose();
  const ms = times.map(median);
  const rows = rungs.map(({ name }, i) => ({
    name,
    ms: ms[i],
    gflops: flop / ms[i] / 1e6,
    step: i > 0 ? ms[i - 1] / ms[i] : 1,
    climb: ms[0] / ms[i],
  }));
  return { name: ladder.name, shapes: shapes.map((shape) => `[${shape.join(', ')}]`).join(' '), rows };
}
