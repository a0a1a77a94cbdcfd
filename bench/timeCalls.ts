import { Bench } from 'tinybench';
import type { Stopwatch, Timing } from '../src/testing/stopwatch.js';

const MIN_SAMPLES = 9;

/** Times calls with tinybench, whose samples are as many calls as the stopwatch needs; the first one, which compiles, is none. */
export async function timeCalls(run: () => void, stopwatch: Stopwatch, milliseconds: number): Promise<Timing> {
  let repeats = 1;
  const sample = async () => {
    const { runs, milliseconds: overriddenDuration } = await stopwatch.longEnough(run, repeats);
    repeats = runs;
    return { overriddenDuration };
  };
  await sample();
  const options = { iterations: MIN_SAMPLES, warmup: true, warmupTime: 0, warmupIterations: 2, throws: true };
  const [task] = await new Bench({ time: milliseconds, ...options }).add('call', sample).run();
  if (!('latency' in task.result)) throw new Error(`bench: the measurement ended as '${task.result.state}'`);
  const { min, p50, p99, samplesCount } = task.result.latency;
  return { min, p50, p99, samples: samplesCount, repeats };
}
