import type { OpCases } from '../autograd/cases.js';
import { DataError, DeviceError } from '../errors.js';
import { counted } from '../io/counted.js';
import type { Device } from '../tensor/tensor.js';
import { webgpu } from '../tensor/webgpu.js';
import { checkGradients, checkOnDevice, differentiability } from '../testing/checkSample.js';
import { formatTable } from '../testing/formatTable.js';
import { casesOf } from '../testing/registry.js';
import type { Command } from './command.js';

/**
 * The verdict on one op: its largest errors as shares of what is allowed, `null` where a check does not apply or failed.
 */
export interface OpVerdict {
  readonly op: string;
  readonly samples: number;
  readonly order1: number | null;
  readonly order2: number | null;
  readonly kernel: number | null;
  readonly failures: readonly string[];
}

/** `wgrad gradcheck [op...]`: gradients against differences, kernels against the reference; exits 1 if an op fails. */
export const gradcheck: Command = {
  name: 'gradcheck',
  operands: '[op...]',
  says: 'check gradients against differences in float64, and kernels against the reference',
  options: {
    seed: { type: 'string', value: 'N', default: '0', says: 'picks the operands and directions' },
    backend: {
      type: 'string',
      value: 'NAME',
      default: 'webgpu',
      says: 'webgpu checks kernels too, cpu the calculus alone',
    },
    json: { type: 'boolean', says: 'print everything as JSON' },
  },
  async run(names, { seed: text, json, backend }) {
    const seed = parseSeed(String(text));
    const cases = casesOf(names);
    const device = await openFor(String(backend));
    const verdicts: OpVerdict[] = [];
    for (const one of cases) verdicts.push(await judge(one, device, seed));
    const description = device?.description ?? 'none, calculus alone';
    console.log(
      json ? JSON.stringify({ device: description, seed, verdicts }, null, 2) : format(verdicts, description),
    );
    return verdicts.some(({ failures }) => failures.length > 0) ? 1 : 0;
  },
};

/** Checks every sample of an op; `device` undefined leaves the kernels out. */
export async function judge(cases: OpCases, device: Device | undefined, seed: number): Promise<OpVerdict> {
  const failures: string[] = [];
  const worst = { order1: null as number | null, order2: null as number | null, kernel: null as number | null };
  const attempt = async (key: keyof typeof worst, check: () => Promise<{ worst: number }>) => {
    try {
      worst[key] = Math.max(worst[key] ?? 0, (await check()).worst);
    } catch (error) {
      failures.push((error as Error).message);
    }
  };
  for (const sample of cases.samples) {
    const order = differentiability(cases, sample);
    if (order >= 1) await attempt('order1', () => checkGradients(cases, sample, 1, seed));
    if (order === 2) await attempt('order2', () => checkGradients(cases, sample, 2, seed));
    if (device) await attempt('kernel', () => checkOnDevice(cases, sample, device, seed));
  }
  return { op: cases.op.def.name, samples: cases.samples.length, ...worst, failures };
}

/** The verdicts as a table; numbers are the largest error in percent of the allowed one. */
export function format(verdicts: readonly OpVerdict[], device: string): string {
  const share = (x: number | null) => (x === null ? '-' : `${(100 * x).toPrecision(2)} %`);
  const rows = verdicts.map(({ op, samples, order1, order2, kernel, failures }) => [
    op,
    String(samples),
    share(order1),
    share(order2),
    share(kernel),
    failures.length > 0 ? 'FAILED' : 'ok',
  ]);
  const failures = verdicts.flatMap((verdict) => verdict.failures);
  return [
    `kernels run on: ${device}; errors are in percent of what is allowed`,
    formatTable(['op', 'samples', 'order 1', 'order 2', 'kernel', 'verdict'], rows),
    ...failures.map((message) => `failed: ${message}`),
    `${counted(verdicts.length, 'op')}, ${counted(failures.length, 'failure')}`,
  ].join('\n');
}

async function openFor(backend: string): Promise<Device | undefined> {
  if (backend === 'cpu') return undefined;
  if (backend !== 'webgpu') throw new DataError(`gradcheck: --backend is webgpu or cpu, got '${backend}'`);
  try {
    return await webgpu();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new DeviceError(`${error.message} --backend cpu checks the calculus alone.`, { cause: error });
  }
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new DataError(`gradcheck: --seed is an integer from 0 to 2^53 - 1, got '${text}'`);
}
