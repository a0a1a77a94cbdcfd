import { formatTable } from '../../src/testing/formatTable.js';
import { type ExchangeCosts, efficiencyOf } from './efficiency.js';

/** A training step, as one number of ranks takes it. */
export interface StepTimes {
  readonly name: string;
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
  readonly reduces: readonly { readonly bytes: number; readonly ms: number; readonly halfMs: number }[];
  readonly copyMs: number;
  readonly packMs: number;
  readonly addMs: number;
  readonly unpackMs: number;
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
 * image, at 5 TFLOP/s; 12 GB/s between device and host (PCIe 4 x16 in practice); 20 us a message.
 */
const ASSUMED = { stepMs: 154, bytes: 94.7e6, pieceBytes: 2 ** 22, overlaps: true, readback: 12e9, latency: 20e-6 };

/** Bytes of the piece that `links` times its passes over. */
const PIECE = 2 ** 24;

/**
 * The model's curves: two networks, without overlap and with large pieces, and float16. How fast the host passes over a
 * piece was measured here: two copies, out of the mapped buffer and into the queue; with float16 it is packed, added to those
 * of the others part by part, and unpacked.
 */
export function modelCurves({ copyMs, packMs, addMs, unpackMs }: LinkTimes): ModelCurve[] {
  const perSecond = (ms: number) => PIECE / (ms / 1000);
  const copied = { ...ASSUMED, host: perSecond(2 * copyMs) };
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
    ['100 Gbit/s, pieces of 16 MB', { ...fast, pieceBytes: 2 ** 24 }],
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
export function formatRanks({ node, cores, rounds, measured, model }: RanksReport): string {
  const rows = measured.flatMap(({ ranks, steps }) =>
    steps.map(({ name, parameters, ms, aloneMs, messages, bytes }) => [
      name,
      String(ranks),
      String(parameters),
      ms.toFixed(1),
      aloneMs.toFixed(1),
      `${(100 * (1 - aloneMs / ms)).toFixed(0)} %`,
      messages.toFixed(0),
      (bytes / 1e6).toFixed(2),
    ]),
  );
  const [{ device, library }] = measured;
  const links = measured.flatMap(({ ranks, link: { reduces } }) =>
    reduces.map(({ bytes, ms, halfMs }) => [String(ranks), String(bytes), ms.toFixed(3), halfMs.toFixed(3)]),
  );
  const [{ link }] = measured;
  return [
    `${device}, ${library}, node ${node}, all ranks on ${cores} cores; medians of ${rounds} steps`,
    formatTable(['step', 'ranks', 'parameters', 'ms', 'alone ms', 'exchange', 'messages', 'MB'], rows),
    formatTable(['ranks', 'bytes', 'all-reduce ms', 'as float16'], links),
    `the host over 16 MB: copy ${link.copyMs.toFixed(1)} ms, pack ${link.packMs.toFixed(1)} ms, add ${link.addMs.toFixed(1)} ms, unpack ${link.unpackMs.toFixed(1)} ms`,
    ...model.map(
      ({ label, points }) =>
        `model, ${label}: ${points.map(({ ranks, efficiency }) => `${ranks}: ${efficiency.toFixed(2)}`).join(', ')}`,
    ),
  ].join('\n');
}
