import { describe, expect, test } from 'vitest';
import { vjp } from '../src/autograd/grad.js';
import type { AnyOp } from '../src/autograd/op.js';
import { defineOp, type Op } from '../src/autograd/op.js';
import { DisposedError } from '../src/errors.js';
import { mul } from '../src/kernels/elementwise/arithmetic.js';
import { reshape } from '../src/kernels/layout/reshape.js';
import { cpu } from '../src/tensor/cpu.js';
import { isFloat } from '../src/tensor/shape.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { outputsOf } from '../src/testing/checkKernel.js';
import { differentiability, drawOperands } from '../src/testing/checkSample.js';
import { upload } from '../src/testing/hostArray.js';
import { allCases } from '../src/testing/registry.js';

const SEED = 20260101;
const device = cpu();

/** Runs an op's VJP on operands that are gone unless the tape has kept them: gradcheck's are variables, which never go. */
function pullThroughIntermediates(op: AnyOp, operands: readonly Tensor[], attrs?: object): void {
  const variables = operands.filter(isFloat);
  const call = (xs: readonly Tensor[]) => {
    const given = operands.map((x) => (isFloat(x) ? xs[variables.indexOf(x)] : x));
    const passing = given.map((x) => reshape(x, { shape: x.shape }));
    return outputsOf(op, passing, attrs).filter(({ dtype }) => dtype === 'float32');
  };
  const cotangents = call(variables).map(({ shape }) => device.zeros(shape));
  vjp(call, variables, cotangents);
}

const differentiable = allCases.flatMap((cases) => {
  const samples = cases.samples.filter((sample) => differentiability(cases, sample) > 0);
  return samples.length > 0 ? [{ name: cases.op.def.name, op: cases.op, samples }] : [];
});

describe('the tape keeps all that the VJP reads of', () => {
  test.each(differentiable)('$name', ({ op, samples }) => {
    for (const sample of samples) {
      const operands = drawOperands(sample, SEED).map((host) => upload(device, host));
      pullThroughIntermediates(op, operands, sample.attrs);
    }
  });

  test('a planted op that forgets one of its inputs is found', () => {
    const forgetful: Op<[a: Tensor, b: Tensor], object> = defineOp({ ...mul.def, keep: { inputs: [0] } } as never);
    const operands = [device.zeros([3]), device.zeros([3])];
    expect(() => pullThroughIntermediates(mul, operands)).not.toThrow();
    expect(() => pullThroughIntermediates(forgetful, operands)).toThrow(DisposedError);
  });
});
