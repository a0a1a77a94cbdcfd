import type { Fill } from '../autograd/cases.js';
import type { AnyOp } from '../autograd/op.js';
import { explainPlan } from '../kernels/product/launch/explainPlan.js';
import type { Device } from '../tensor/tensor.js';
import { launchesOf } from './launchesOf.js';
import { choicesOf } from './measuredChoices.js';

/** A choice among several kernels that a device makes for a call. */
export interface KernelChoice {
  /** What is chosen for, such as `matmul 256 x 256 x 256 x 1`: op, rows, columns, depth, count. */
  readonly question: string;
  readonly chosen: string;
  /** The reason, in a sentence or two. */
  readonly why: string;
  /** What `tune` would compare, the built-in choice first. */
  readonly candidates: readonly string[];
}

/** The choices that a device makes for a call, none for ops of one kernel and for the CPU reference. */
export function kernelChoices(
  op: AnyOp,
  call: { readonly inputs: readonly Fill[]; readonly attrs?: object },
  device: Device,
): KernelChoice[] {
  const choices = choicesOf(device);
  if (!choices) return [];
  const asked = choices.asking(() => void launchesOf(op, call, device));
  return [...asked].map(([question, all]) => {
    const candidates = [...new Set(all)];
    const answer = choices.answers.get(question);
    const explained = explainPlan(question, device.capabilities);
    return {
      ...{ question, candidates },
      chosen: explained?.plan ?? answer ?? candidates[0],
      why: explained?.why ?? (answer === undefined ? 'It is the built-in choice.' : 'It was measured on this adapter.'),
    };
  });
}
