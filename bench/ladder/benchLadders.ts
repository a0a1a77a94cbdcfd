import { DataError } from '../../src/errors.js';
import { webgpu } from '../../src/tensor/webgpu.js';
import { measureCeilings } from '../../src/testing/ceilings.js';
import { climb, type LadderReport } from './climb.js';
import { conv2dLadder } from './conv2d.js';
import { conv2dWeightLadder } from './conv2dWeight.js';
import { matmulLadder } from './matmul.js';
import type { Ladder } from './rung.js';

export const LADDERS: readonly Ladder[] = [matmulLadder, conv2dLadder, conv2dWeightLadder];

/** One run over some ladders. */
export interface LaddersReport {
  readonly device: string;
  readonly node: string;
  /** GFLOP/s of multiply-adds from registers, measured in the same run. */
  readonly ceiling: number;
  readonly rounds: number;
  readonly ladders: readonly LadderReport[];
}

/**
 * Climbs one ladder, or all of them.
 * @throws DataError if no ladder has that name, GradcheckError if a rung computes something else than the op
 */
export async function benchLadders(name: string | undefined, rounds: number): Promise<LaddersReport> {
  const chosen = LADDERS.filter((ladder) => name === undefined || ladder.name === name);
  if (chosen.length === 0) {
    throw new DataError(`ladder '${name}': expected one of ${LADDERS.map((ladder) => ladder.name).join(', ')}`);
  }
  const device = await webgpu();
  try {
    const { gflops: ceiling } = await measureCeilings(device);
    const ladders: LadderReport[] = [];
    for (const ladder of chosen) ladders.push(await climb(ladder, device, rounds));
    return { device: device.description, node: process.version, ceiling, rounds, ladders };
  } finally {
    device.destroy();
  }
}
