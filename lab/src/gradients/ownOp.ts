import type { AnyOp, Device } from 'wgrad';
import type { OpCases, Sample } from 'wgrad/testing';
import { compileCode } from '../tape/visitorCode.js';
import { judgeCases, type Verdict } from './verdict.js';

/**
 * Checks the op that code returns, on the samples that it returns.
 * @throws Error of one line for code that is no JavaScript or returns something else
 */
export async function judgeCode(code: string, device: Device, seed: number): Promise<Verdict> {
  return judgeCases(casesOf(compileCode(code, device)()), device, seed);
}

function casesOf(returned: unknown): OpCases {
  const { op, samples } = (returned ?? {}) as { op?: AnyOp; samples?: readonly Sample[] };
  if (typeof op?.apply !== 'function' || !op.def) {
    throw new Error('the code returns no op; expected return { op, samples } with an op of defineOp');
  }
  const isSample = (sample: Sample | null) =>
    Array.isArray(sample?.inputs) && sample.inputs.every((x) => Array.isArray(x?.shape));
  if (!Array.isArray(samples) || samples.length === 0 || !samples.every(isSample)) {
    throw new Error('the code returns no samples; expected samples: [{ inputs: [{ shape: [3, 5] }] }]');
  }
  return { op, samples, errors: [], bench: [] };
}
