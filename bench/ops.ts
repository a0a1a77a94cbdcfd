import type { BenchCase, OpCases } from '../src/autograd/cases.js';

import { scope } from '../src/tensor/scope.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';
import { checkKernel, outputsOf } from '../src/testing/checkKernel.js';
import { drawOperands } from '../src/testing/checkSample.js';
import { upload } from '../src/testing/hostArray.js';
import { allCases } from '../src/testing/registry.js';
import type { Ceilings } from './ceilings.js';
import { measure, type Timing } from './measure.js';

const SEED = 1;
/** Above this the float64 reference takes too long, and a sample of the op is checked in its place. */
const MAX_CHECKED_FLOP = 2e8;

/** One line of the report. */
export interface BenchRow extends Timing {
  readonly op: string;
  readonly name: string;
  /** What was compared with the reference before the timing. */
  readonly checked: 'this shape' | 'a sample';
  readonly gflops: number;
  readonly gbs: number;
  /** Shares of the ceilings. */
  readonly ofFma: number;
  readonly ofCopy: number;
}

export interface BenchEntry {
  readonly cases: OpCases;
  readonly bench: BenchCase;
}

/** The bench cases whose op or name contains `filter`. */
export function benchEntries(filter: string): BenchEntry[] {
  return allCases
    .flatMap((cases) => cases.bench.map((bench) => ({ cases, bench })))
    .filter(({ cases, bench }) => `${cases.op.def.name} ${bench.name}`.includes(filter));
}

/**
 * Checks an op against the reference, then times it on one of its bench shapes.
 *
 * @throws GradcheckError if the kernel disagrees: a fast wrong kernel has no time.
 */
export async function benchOp(
  { cases, bench }: BenchEntry,
  device: Device,
  ceilings: Ceilings,
  milliseconds: number,
): Promise<BenchRow> {
  const { op, samples, tolerance } = cases;
  const operands = drawOperands(bench, SEED);
  const fits = bench.flop <= MAX_CHECKED_FLOP && !bench.timedOnly;
  const { inputs, attrs } = fits ? bench : samples[samples.length - 1];
  await checkKernel(op, fits ? operands : drawOperands({ inputs }, SEED), attrs, device, tolerance);

  const xs = operands.map((x) => upload(device, x));
  const donated = op.def.donates ?? [];
  const call = () => {
    const heirs = scope(() => {
      const ys = outputsOf(op, xs, bench.attrs);
      return donated.map((i) => ys.find((y) => y.allocation === xs[i].allocation) as Tensor);
    });
    // An op in place is called again with what it has returned.
    for (const [k, i] of donated.entries()) xs[i] = heirs[k];
  };
  const timing = await measure(device, call, milliseconds);
  for (const x of xs) x.dispose();
  const gflops = bench.flop / timing.p50 / 1e6;
  const gbs = bench.bytes / timing.p50 / 1e6;
  return {
    op: op.def.name,
    name: bench.name,
    checked: fits ? 'this shape' : 'a sample',
    ...timing,
    gflops,
    gbs,
    ofFma: gflops / ceilings.gflops,
    ofCopy: gbs / ceilings.gbs,
  };
}
