import { formatTable } from '../../src/testing/formatTable.js';
import { type ExchangeCosts, efficiencyOf } from './efficiency.js';

/** A training step, as one number of ranks takes it. */
export interface StepTimes {
  readonly name: string;
  readonly parameters: number;
  /** Medians: of a step with its exchange, and of the exchange. */
  readonly ms: number;
  readonly exchangeMs: number;
  /** That a rank hands to MPI in a step. */
  readonly messages: number;
  readonly bytes: number;
}

/** Medians of an all-reduce of one number and of 16 MB. */
export interface LinkTimes {
  readonly smallMs: number;
  readonly largeMs: number;
}

/** What so many ranks measured. */
export interface RanksTimes {
  readonly ranks: number;
  readonly library: string;
  readonly device: string;
  readonly steps: readonly StepTimes[];
  readonly link: LinkTimes;
}

/** Measured on this machine, and computed for others. */
export interface RanksReport {
  readonly node: string;
  readonly cores: number;
  readonly rounds: number;
  readonly measured: readonly RanksTimes[];
  readonly model: readonly ModelCurve[];
}

/** Efficiency by the number of ranks, under assumptions. */
export interface ModelCurve {
  readonly label: string;
  readonly costs: ExchangeCosts;
  readonly points: readonly { readonly ranks: number; readonly efficiency: number }[];
}

const RANKS = [1, 2, 4, 8, 16, 32, 64];
const GIGABIT = 1e9 / 8;

/**
 * A machine that wgrad has not been measured on: ResNet-50 at batch 32 of 256 x 192, 24 GFLOP forward and backward for each
 * image, at 5 TFLOP/s; 12 GB/s between device and host (PCIe 4 x16 in practice); 2 GB/s for the host's passes over
 * the gradients (copy out of the mapped buffer, division by the number of ranks, copy into the queue); 20 us a message.
 */
const ASSUMED = { stepMs: 154, bytes: 4 * 25.6e6, readback: 12e9, host: 2e9, latency: 20e-6 };

/** The model's curves: two networks, without the host's passes, and with half the bytes. */
export function modelCurves(): ModelCurve[] {
  const fast = { ...ASSUMED, bandwidth: 100 * GIGABIT };
  const assumptions: [string, ExchangeCosts][] = [
    ['10 Gbit/s', { ...ASSUMED, bandwidth: 10 * GIGABIT }],
    ['100 Gbit/s', fast],
    ['100 Gbit/s, float16 on the wire', { ...fast, bytes: fast.bytes / 2 }],
    ['100 Gbit/s, no passes of the host', { ...fast, host: Number.POSITIVE_INFINITY }],
  ];
  return assumptions.map(([label, costs]) => ({
    label,
    costs,
    points: RANKS.map((ranks) => ({ ranks, efficiency: efficiencyOf(costs, ranks) })),
  }));
}

/** The report for people. */
export function formatRanks({ node, cores, rounds, measured, model }: RanksReport): string {
  const rows = measured.flatMap(({ ranks, steps }) =>
    steps.map(({ name, parameters, ms, exchangeMs, messages, bytes }) => [
      name,
      String(ranks),
      String(parameters),
      ms.toFixed(1),
      exchangeMs.toFixed(1),
      `${((100 * exchangeMs) / ms).toFixed(0)} %`,
      messages.toFixed(0),
      (bytes / 1e6).toFixed(2),
    ]),
  );
  const [{ device, library }] = measured;
  const links = measured.map(
    ({ ranks, link }) => `${ranks} ranks: a number ${link.smallMs.toFixed(2)} ms, 16 MB ${link.largeMs.toFixed(1)} ms`,
  );
  return [
    `${device}, ${library}, node ${node}, all ranks on ${cores} cores; medians of ${rounds} steps`,
    formatTable(['step', 'ranks', 'parameters', 'ms', 'exchange ms', 'share', 'messages', 'MB'], rows),
    `all-reduce alone, ${links.join('; ')}`,
    ...model.map(
      ({ label, points }) =>
        `model, ${label}: ${points.map(({ ranks, efficiency }) => `${ranks}: ${efficiency.toFixed(2)}`).join(', ')}`,
    ),
  ].join('\n');
}
