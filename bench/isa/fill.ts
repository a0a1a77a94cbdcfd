import { hardwareOf } from '../../src/kernels/product/launch/hardware.js';
import { formatTable } from '../../src/testing/formatTable.js';
import type { ChosenFor, CompiledKernel } from './recorder.js';

/** Waves that a processor needs at least, so that one computes while the other waits. */
const WAVES = 2;

/** A dispatch with too few waves. */
export interface ThinDispatch {
  readonly use: string;
  readonly kernel: string;
  readonly groups: number;
  readonly groupSize: number;
  /** Waves by processors. */
  readonly waves: number;
}

/** Lanes of a wave: NVIDIA's, and what Dawn asks for elsewhere. */
function waveOf({ vendor }: ChosenFor): number {
  return { nvidia: 32, intel: 16 }[vendor] ?? 64;
}

/** The dispatches, of each kernel and use the smallest, that have fewer than two waves for each processor of a large model. */
export function thinDispatches(kernels: readonly CompiledKernel[], gpu: ChosenFor): ThinDispatch[] {
  const { processors } = hardwareOf(gpu);
  return kernels
    .flatMap(({ label, fewest, groupSize }) =>
      Object.entries(fewest).map(([use, groups]) => ({
        ...{ use, kernel: label.trim(), groups, groupSize },
        waves: (groups * Math.ceil(groupSize / waveOf(gpu))) / processors,
      })),
    )
    .filter(({ waves }) => waves < WAVES)
    .sort((a, b) => a.waves - b.waves);
}

/** The table for people. */
export function fillTable(thin: readonly ThinDispatch[], gpu: ChosenFor): string {
  const head = `fewer than ${WAVES} waves for each of ${hardwareOf(gpu).processors} processors (${gpu.vendor} ${gpu.architecture}): ${thin.length} dispatches`;
  const rows = thin.map(({ use, kernel, groups, groupSize, waves }) => [
    ...[use, kernel, `${groups} x ${groupSize}`, waves.toFixed(2)],
  ]);
  return thin.length === 0 ? head : `${head}\n${formatTable(['op, case', 'kernel', 'threads', 'waves'], rows)}`;
}
