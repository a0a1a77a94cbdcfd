import type { Device } from 'wgrad';
import { allCases, checkGradients, checkOnDevice, differentiability, type OpCases, samplesFor } from 'wgrad/testing';

/** What was found of an op: how many checks were made, and the largest error of each kind as a share of what is allowed. */
export interface Verdict {
  readonly op: string;
  readonly samples: number;
  readonly checks: number;
  /** Null where the check does not apply. */
  readonly first: number | null;
  readonly second: number | null;
  readonly kernel: number | null;
  /** What failed, with its numbers. */
  readonly failures: readonly string[];
  /** The call behind the row: shapes and attributes of each sample. */
  readonly calls: readonly string[];
}

/** The ops there are. */
export const opNames: readonly string[] = allCases.map(({ op }) => op.def.name);

/** Checks an op of wgrad by its name, see `judgeCases`. */
export async function judge(name: string, device: Device, seed: number): Promise<Verdict> {
  const cases = allCases.find(({ op }) => op.def.name === name);
  if (!cases) throw new Error(`no op is named '${name}'; there are ${opNames.join(', ')}`);
  return judgeCases(cases, device, seed);
}

/**
 * Checks an op on all of its samples: the gradient and the gradient's gradient against differences in float64, then the
 * kernel and its gradient on a device against the reference.
 */
export async function judgeCases(cases: OpCases, device: Device, seed: number): Promise<Verdict> {
  const failures: string[] = [];
  const worst = { first: null as number | null, second: null as number | null, kernel: null as number | null };
  let checks = 0;
  const attempt = async (kind: keyof typeof worst, check: () => Promise<{ worst: number }>) => {
    checks++;
    try {
      worst[kind] = Math.max(worst[kind] ?? 0, (await check()).worst);
    } catch (error) {
      // What this check has left behind is its own. A lost device is no failure of the op, and throws again.
      await device.finished().catch(() => undefined);
      await device.finished();
      failures.push((error as Error).message);
    }
  };
  const samples = samplesFor(cases, device);
  for (const sample of samples) {
    const order = differentiability(cases, sample);
    if (order >= 1) await attempt('first', () => checkGradients(cases, sample, 1, seed));
    if (order === 2) await attempt('second', () => checkGradients(cases, sample, 2, seed));
    if (device.kind === 'webgpu') await attempt('kernel', () => checkOnDevice(cases, sample, device, seed));
  }
  const calls = samples.map(({ inputs, attrs }) =>
    [...inputs.map(({ shape }) => `[${shape.join(', ')}]`), ...(attrs ? [JSON.stringify(attrs)] : [])].join(', '),
  );
  return { op: cases.op.def.name, samples: samples.length, checks, ...worst, failures, calls };
}
