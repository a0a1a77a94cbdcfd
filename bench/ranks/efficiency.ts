/** What the exchange of a step costs, from which `efficiencyOf` says how well many ranks do. */
export interface ExchangeCosts {
  /** Milliseconds of a step of one rank alone. */
  readonly stepMs: number;
  /** Of its gradients as they travel. */
  readonly bytes: number;
  /** Of a piece of them, which travels by itself. */
  readonly pieceBytes: number;
  /** Whether pieces travel while the device computes the others. */
  readonly overlaps: boolean;
  /** Bytes per second between device and host, one way, which the device does not compute meanwhile. */
  readonly readback: number;
  /** Bytes per second of all that the host does with a piece. */
  readonly host: number;
  /** Of the network, bytes per second and direction of each rank, and seconds until a message has arrived. */
  readonly bandwidth: number;
  readonly latency: number;
}

/**
 * The stages of ResNet-50 in the order in which the sweep passes them: their share of the parameters, and of the
 * multiply-adds, which the reverse sweep takes in the same proportion as the forward pass.
 */
const STAGES = [
  { parameters: 0.637, work: 0.198 },
  { parameters: 0.302, work: 0.358 },
  { parameters: 0.052, work: 0.251 },
  { parameters: 0.009, work: 0.193 },
];

/** The share of a step that has passed when this share of the gradients is complete; a third is the forward pass. */
function passedAt(share: number): number {
  let [parameters, work] = [0, 0];
  for (const stage of STAGES) {
    const part = Math.min(1, Math.max(0, (share - parameters) / stage.parameters));
    parameters += stage.parameters;
    work += part * stage.work;
  }
  return (1 + 2 * work) / 3;
}

/**
 * Milliseconds that N ranks take for a step: pieces go to the host when they are complete, or at the end, then one after
 * the other through host and network, and back. The network's part is a ring all-reduce, in which each rank sends
 * `2 (N - 1) / N` of the bytes in `2 (N - 1)` messages (Patarasuk and Yuan, 2009).
 */
export function stepOf(costs: ExchangeCosts, ranks: number): number {
  const { stepMs, bytes, pieceBytes, overlaps, readback, host, bandwidth, latency } = costs;
  if (ranks === 1) return stepMs;
  let exchanged = 0;
  let last = 0;
  for (let from = 0; from < bytes; from += pieceBytes) {
    last = Math.min(pieceBytes, bytes - from);
    const read = from + last;
    const complete = stepMs * (overlaps ? passedAt(read / bytes) : 1) + 1000 * (read / readback);
    const ring = (2 * (ranks - 1) * last) / (ranks * bandwidth) + 2 * (ranks - 1) * latency;
    exchanged = Math.max(exchanged, complete) + 1000 * (last / host + ring);
  }
  // What was exchanged before the end was written back while the device had work.
  const rest = overlaps ? last : bytes;
  return Math.max(stepMs + 2000 * (bytes / readback), exchanged + 1000 * (rest / readback));
}

/** The share of N times the images per second that N ranks reach. */
export function efficiencyOf(costs: ExchangeCosts, ranks: number): number {
  return costs.stepMs / stepOf(costs, ranks);
}
