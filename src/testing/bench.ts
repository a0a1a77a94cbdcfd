import type { BenchCase, OpCases } from '../autograd/cases.js';
import { scope } from '../tensor/scope.js';
import type { Device, Tensor } from '../tensor/tensor.js';
import type { Ceilings } from './ceilings.js';
import { checkKernel, outputsOf } from './checkKernel.js';
import { drawOperands } from './checkSample.js';
import { upload } from './hostArray.js';
import { allCases } from './registry.js';
import { Stopwatch, type Timing } from './stopwatch.js';

const SEED = 1;
/** Above this the float64 reference takes too long, and a sample of the op is checked in its place. */
const MAX_CHECKED_FLOP = 2e8;

/** The time of an op on the shapes of a real model, and the rates that follow from its median. */
export interface BenchRow extends Timing {
  readonly op: string;
  /** The name of the case: its shapes, or what they are from. */
  readonly name: string;
  /** What was compared with the reference before the timing. */
  readonly checked: 'this shape' | 'a sample';
  readonly gflops: number;
  readonly gbs: number;
  /** Shares of the ceilings. */
  readonly ofFma: number;
  readonly ofCopy: number;
}

/** A bench case with its op. */
export interface BenchEntry {
  readonly cases: OpCases;
  readonly bench: BenchCase;
}

/** Times calls of `run` again and again. */
export type Timer = (run: () => void) => Promise<Timing>;

/** The bench cases of all ops; of those whose `op name` contains `filter`, if it is given. */
export function benchEntries(filter = ''): BenchEntry[] {
  return allCases
    .flatMap((cases) => cases.bench.map((bench) => ({ cases, bench })))
    .filter(({ cases, bench }) => `${cases.op.def.name} ${bench.name}`.includes(filter));
}

/**
 * Checks an op against the reference, then times it on one of its bench shapes: by timestamps where the device has them, else
 * by the host's clock, repeated until a sample lasts long enough for either.
 *
 * @param time how: for so many milliseconds, or by a timer of one's own
 *
 * @throws GradcheckError if the kernel disagrees: a fast wrong kernel has no time.
 */
export async function benchOp(
  { cases, bench }: BenchEntry,
  device: Device,
  ceilings: Ceilings,
  time: number | Timer,
): Promise<BenchRow> {
  const { op, samples, tolerance } = cases;
  const operands = drawOperands(bench, SEED);
  const fits = bench.flop <= MAX_CHECKED_FLOP && !bench.timedOnly;
  const { inputs, attrs } = fits ? bench : samples[samples.length - 1];
  await checkKernel(op, fits ? operands : drawOperands({ inputs }, SEED), attrs, device, tolerance);

  const uploaded = () => operands.map((x) => upload(device, x));
  // Of operands of its own, since an op in place takes them over.
  await device.compile?.(() => void outputsOf(op, uploaded(), bench.attrs));
  const xs = uploaded();
  // Without those of optional operands that are not there.
  const donated = (op.def.donates ?? []).filter((i) => i < xs.length);
  const call = () => {
    const heirs = scope(() => {
      const ys = outputsOf(op, xs, bench.attrs);
      return donated.map((i) => ys.find((y) => y.allocation === xs[i].allocation) as Tensor);
    });
    // An op in place is called again with what it has returned.
    for (const [k, i] of donated.entries()) xs[i] = heirs[k];
  };
  const timing = await (typeof time === 'number' ? new Stopwatch(device).sample(call, time) : time(call));
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
