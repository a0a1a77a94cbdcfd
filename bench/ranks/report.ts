import { formatTable } from '../../src/testing/formatTable.js';
import { type ExchangeCosts, efficiencyOf } from './efficiency.js';

/** A training step, as one number of ranks takes it. */
export interface StepTimes {
  readonly name: string;
  readonly ranks: number;
  readonly rounds: number;
  readonly parameters: number;
  /** Medians: of a step with its exchange, and of a step that each rank takes by itself at the same time. */
  readonly ms: number;
  readonly aloneMs: number;
  /** That a rank hands to MPI in a step. */
  readonly messages: number;
  readonly bytes: number;
}

/** The fastest of many: all-reduces by their bytes, as float32 and as float16, and passes over 16 MB of floats. */
export interface LinkTimes {
  readonly ranks: number;
  readonly reduces: readonly { readonly bytes: number; readonly ms: number; readonly halfMs: number }[];
  readonly copyMs: number;
  readonly packMs: number;
  readonly addMs: number;
  readonly unpackMs: number;
}

/** What so many ranks measured. */
export interface RanksTimes {
  readonly library: string;
  readonly device: string;
  readonly steps: readonly StepTimes[];
  readonly links: readonly LinkTimes[];
}

/** Measured on this machine, and computed for others. */
export interface RanksReport extends RanksTimes {
  readonly node: string;
  readonly cores: number;
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
 * image, at 5 TFLOP/s; 12 GB/s between device and host (PCIe 4 x16 in practice).
 */
const ASSUMED = { stepMs: 154, bytes: 94.7e6, pieceBytes: 2 ** 22, overlaps: true, readback: 12e9 };
/** Seconds that a network adds to a message. */
const NETWORK_LATENCY = 10e-6;

/** Bytes of the piece that `links` times its passes over. */
const PIECE = 2 ** 24;

/**
 * Seconds until a message has arrived, and bytes per second and direction of a rank, if an all-reduce is a ring: `2 (N - 1)`
 * messages, `2 (N - 1) / N` of the bytes. Of one rank nothing.
 */
export function linkOf({ ranks, reduces }: LinkTimes): { readonly latency: number; readonly bandwidth: number } {
  const [first, last] = [reduces[0], reduces[reduces.length - 1]];
  const hops = 2 * (ranks - 1);
  return {
    latency: first.ms / 1000 / hops,
    bandwidth: ((hops / ranks) * last.bytes) / ((last.ms - first.ms) / 1000),
  };
}

/**
 * The model's curves: two networks, without overlap, and float16. Measured here, on two ranks: the latency of a message through
 * MPI in shared memory, to which a network adds its own; how fast the host passes over a piece, two copies, out of the mapped
 * buffer and into the queue, and with float16 what packs, adds part by part, and unpacks it. One more curve has MPI's bandwidth
 * of this machine, too, whose two cores copy and add for both ranks.
 */
export function modelCurves(link: LinkTimes): ModelCurve[] {
  const { copyMs, packMs, addMs, unpackMs } = link;
  const perSecond = (ms: number) => PIECE / (ms / 1000);
  const here = linkOf(link);
  const copied = { ...ASSUMED, host: perSecond(2 * copyMs), latency: here.latency + NETWORK_LATENCY };
  const fast = { ...copied, bandwidth: 100 * GIGABIT };
  // The bytes that travel are half of those that these passes are timed over.
  const packed = perSecond(2 * copyMs + packMs + addMs + unpackMs) / 2;
  const added = perSecond(copyMs + addMs) / 2;
  const half = { bytes: ASSUMED.bytes / 2, pieceBytes: ASSUMED.pieceBytes / 2 };
  const assumptions: [string, ExchangeCosts][] = [
    ['1 Gbit/s', { ...copied, bandwidth: GIGABIT }],
    ['1 Gbit/s, float16', { ...copied, ...half, host: packed, readback: ASSUMED.readback / 2, bandwidth: GIGABIT }],
    ['10 Gbit/s', { ...copied, bandwidth: 10 * GIGABIT }],
    [
      '10 Gbit/s, float16',
      { ...copied, ...half, host: packed, readback: ASSUMED.readback / 2, bandwidth: 10 * GIGABIT },
    ],
    ['100 Gbit/s, nothing overlaps', { ...fast, overlaps: false }],
    ['MPI in the memory of this machine', { ...copied, ...here }],
    ['100 Gbit/s', fast],
    ['100 Gbit/s, float16', { ...fast, ...half, host: packed, readback: ASSUMED.readback / 2 }],
    ['100 Gbit/s, float16 packed on the device (not built)', { ...fast, ...half, host: added }],
  ];
  return assumptions.map(([label, costs]) => ({
    label,
    costs,
    points: RANKS.map((ranks) => ({ ranks, efficiency: efficiencyOf(costs, ranks) })),
  }));
}

/** The report for people. */
export function formatRanks({ node, cores, device, library, steps, links, model }: RanksReport): string {
  const rows = steps.map(({ name, ranks, rounds, parameters, ms, aloneMs, messages, bytes }) => [
    ...[name, ranks, rounds, parameters].map(String),
    ...[ms.toFixed(1), aloneMs.toFixed(1), `${(100 * (1 - aloneMs / ms)).toFixed(0)} %`],
    ...[messages.toFixed(0), (bytes / 1e6).toFixed(2)],
  ]);
  const reduces = links.flatMap(({ ranks, reduces: all }) =>
    all.map(({ bytes, ms, halfMs }) => [String(ranks), String(bytes), ms.toFixed(3), halfMs.toFixed(3)]),
  );
  const between = links.filter(({ ranks }) => ranks > 1);
  return [
    `${device}, ${library}, node ${node}, all ranks on ${cores} cores; medians of steps, the fastest of links`,
    formatTable(['step', 'ranks', 'rounds', 'parameters', 'ms', 'alone ms', 'exchange', 'messages', 'MB'], rows),
    formatTable(['ranks', 'bytes', 'all-reduce ms', 'as float16'], reduces),
    ...between.map((link) => {
      const { latency, bandwidth } = linkOf(link);
      return `${link.ranks} ranks: ${(1e6 * latency).toFixed(0)} us a message, ${(bandwidth / 1e9).toFixed(2)} GB/s`;
    }),
    ...links.map(
      ({ ranks, copyMs, packMs, addMs, unpackMs }) =>
        `${ranks} ranks, the host over 16 MB: copy ${copyMs.toFixed(1)} ms, pack ${packMs.toFixed(1)} ms, add ${addMs.toFixed(1)} ms, unpack ${unpackMs.toFixed(1)} ms`,
    ),
    ...model.map(
      ({ label, points }) =>
        `model, ${label}: ${points.map(({ ranks, efficiency }) => `${ranks}: ${efficiency.toFixed(2)}`).join(', ')}`,
    ),
  ].join('\n');
}
