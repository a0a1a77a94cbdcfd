/** What the exchange of a step costs, from which `efficiencyOf` says how well many ranks do. */
export interface ExchangeCosts {
  /** Milliseconds of a step of one rank alone. */
  readonly stepMs: number;
  /** Of its gradients. */
  readonly bytes: number;
  /** Bytes per second between device and host, one way, and of the host's own passes over the gradients, all together. */
  readonly readback: number;
  readonly host: number;
  /** Of the network, bytes per second and direction of each rank, and seconds until a message has arrived. */
  readonly bandwidth: number;
  readonly latency: number;
}

/**
 * Milliseconds that N ranks take for a step, if nothing overlaps: the step, the gradients to the host and back, the host's
 * passes, and a ring all-reduce, in which each rank sends `2 (N - 1) / N` of the bytes in `2 (N - 1)` messages
 * (Patarasuk and Yuan, 2009).
 */
export function stepOf({ stepMs, bytes, readback, host, bandwidth, latency }: ExchangeCosts, ranks: number): number {
  if (ranks === 1) return stepMs;
  const ring = (2 * (ranks - 1) * bytes) / (ranks * bandwidth) + 2 * (ranks - 1) * latency;
  return stepMs + 1000 * ((2 * bytes) / readback + bytes / host + ring);
}

/** The share of N times the images per second that N ranks reach. */
export function efficiencyOf(costs: ExchangeCosts, ranks: number): number {
  return costs.stepMs / stepOf(costs, ranks);
}
