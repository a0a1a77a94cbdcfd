import { Bench } from 'tinybench';
import type { Device } from '../src/tensor/tensor.js';

/** Times of one call in milliseconds. */
export interface Timing {
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  /** Samples taken, each of `repeats` calls. */
  readonly samples: number;
  readonly repeats: number;
}

/** A sample lasts at least this long, so that waiting for the queue (some 0.1 ms) does not count. */
const SAMPLE_MS = 20;
const MAX_REPEATS = 1000;
const MIN_SAMPLES = 9;

/**
 * Times a call on a device: enqueues it `repeats` times, waits until the queue is empty, divides. Nothing is read back.
 * The host's own work counts only where the device waits for it. The first calls, which compile, are not timed.
 */
export async function measure(device: Device, call: () => void, milliseconds: number): Promise<Timing> {
  const sample = async (repeats: number) => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) call();
    await device.finished();
    return performance.now() - start;
  };
  await sample(1);
  const repeats = Math.min(Math.max(Math.ceil((2 * SAMPLE_MS) / (await sample(2))), 1), MAX_REPEATS);
  const bench = new Bench({
    time: milliseconds,
    iterations: MIN_SAMPLES,
    warmup: true,
    warmupTime: 0,
    warmupIterations: 2,
    throws: true,
  });
  bench.add('call', async () => ({ overriddenDuration: (await sample(repeats)) / repeats }));
  const [task] = await bench.run();
  if (!('latency' in task.result)) throw new Error(`bench: the measurement ended as '${task.result.state}'`);
  const { min, p50, p99, samplesCount } = task.result.latency;
  return { min, p50, p99, samples: samplesCount, repeats };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, interpolated between neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)];
  return below + (at % 1) * (sorted[Math.ceil(at)] - below);
}
