import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { vjp } from '../src/autograd/grad.js';
import * as k from '../src/kernels/index.js';
import * as batchNorm from '../src/nn/batchNorm.js';

import type { Device, Tensor } from '../src/tensor/tensor.js';
import { BACKENDS } from './backends.js';
import { expectClose, expectCloseInNorm, flat, type Nested, shapeOf, values } from './numbers.js';
import { gradientTolerance, kernelTolerance, REFERENCE_RELATIVE } from './tolerance.js';

interface TorchCase {
  readonly op: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Nested>>;
  readonly y: Nested;
  readonly cotangent: Nested;
  readonly grads: Readonly<Record<string, Nested>>;
}

const { cases } = JSON.parse(readFileSync(new URL('golden/torch_golden.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly TorchCase[];
};

type Inputs = Readonly<Record<string, Tensor>>;
type Run = (inputs: Inputs, attrs: Readonly<Record<string, unknown>>) => Tensor;

// The layouts are changed by ops inside of the function, so that gradients come out in PyTorch's layouts by themselves.
const nhwc = (x: Tensor) => k.permute(x, { order: [0, 2, 3, 1] });
const nchw = (x: Tensor) => k.permute(x, { order: [0, 3, 1, 2] });
/** [K, C, R, S], and a transposed convolution's [C, K, R, S], to [R, S, C, K] and [R, S, K, C]. */
const rsck = (w: Tensor) => k.permute(w, { order: [2, 3, 1, 0] });

const unary =
  (op: (x: Tensor) => Tensor): Run =>
  ({ x }) =>
    op(x);
const binary =
  (op: (a: Tensor, b: Tensor) => Tensor): Run =>
  ({ a, b }) =>
    op(a, b);
const reduction =
  (op: (x: Tensor, attrs: { axes: readonly number[] }) => Tensor): Run =>
  ({ x }, { dim }) =>
    op(x, { axes: [dim].flat() as number[] });
const pooling =
  (op: typeof k.maxPool2d): Run =>
  ({ x }, { kernel_size, stride, padding }) => {
    const pair = (v: unknown) => [v, v] as [number, number];
    return nchw(op(nhwc(x), { kernel: pair(kernel_size), stride: pair(stride), padding: pair(padding) }));
  };

const RUN: Readonly<Record<string, Run>> = {
  conv2d: ({ x, weight, bias }, attrs) => nchw(k.conv2d(nhwc(x), rsck(weight), bias, attrs)),
  conv_transpose2d({ x, weight, bias }, { output_padding, ...attrs }) {
    const y = k.convTranspose2d(nhwc(x), rsck(weight), { ...attrs, outputPadding: output_padding as number });
    return nchw(k.add(y, bias));
  },
  max_pool2d: pooling(k.maxPool2d),
  avg_pool2d: pooling(k.avgPool2d),
  batch_norm({ x, weight, bias }, { training, running_mean, running_var }) {
    const state = {
      running_mean: x.device.tensor(Float64Array.from(flat(running_mean as Nested))),
      running_var: x.device.tensor(Float64Array.from(flat(running_var as Nested))),
      num_batches_tracked: 0,
    };
    return nchw(batchNorm.apply({ weight, bias }, state, nhwc(x), { training: training as boolean })[0]);
  },
  linear: ({ x, weight, bias }) => k.linear(x, weight, bias),
  matmul: binary(k.matmul),
  relu: unary(k.relu),
  leaky_relu: unary(k.leakyRelu),
  sigmoid: unary(k.sigmoid),
  tanh: unary(k.tanh),
  softplus: unary(k.softplus),
  exp: unary(k.exp),
  abs: unary(k.abs),
  gelu: unary(k.gelu),
  silu: unary(k.silu),
  log: unary(k.log),
  sqrt: unary(k.sqrt),
  rsqrt: unary(k.rsqrt),
  softmax: ({ x }, { dim }) => k.softmax(x, { axis: dim as number }),
  log_softmax: ({ x }, { dim }) => k.logSoftmax(x, { axis: dim as number }),
  logsumexp: reduction(k.logSumExp),
  sum: reduction(k.sum),
  mean: reduction(k.mean),
  max: reduction(k.max),
  add: binary(k.add),
  sub: binary(k.sub),
  mul: binary(k.mul),
  div: binary(k.div),
};

function upload(device: Device, nested: Nested): Tensor {
  return device.tensor(Float64Array.from(flat(nested)), shapeOf(nested));
}

test('all 45 cases are there', () => expect(cases).toHaveLength(45));

describe.each(BACKENDS)('PyTorch on $name', ({ open, tolerance }) => {
  // The largest operand has some 500 elements.
  const relative = tolerance(REFERENCE_RELATIVE, gradientTolerance(kernelTolerance(500)).relative);

  test.each(cases.map((c, i) => [i, c.op, c] as const))(
    '%i %s',
    async (_, op, { attrs, inputs, y, cotangent, grads }) => {
      const device = await open();
      const at = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, upload(device, x)]));
      const [value, gradient] = vjp((x: Inputs) => RUN[op](x, attrs), at, upload(device, cotangent));
      expect(value.shape).toEqual(shapeOf(y));
      expectCloseInNorm(await values(value), y, relative, 'value');
      for (const [name, g] of Object.entries(grads)) {
        // A gradient may be nothing but rounding (the bias before a batch norm): room for that of its unit cotangent.
        expectClose(await values(gradient[name]), g, { relative, absolute: relative }, `gradient of ${name}`);
      }
    },
  );

  test('batch norm leaves the running statistics that PyTorch leaves', async () => {
    const device = await open();
    for (const { attrs, inputs } of cases.filter((c) => c.op === 'batch_norm')) {
      const { running_mean, running_var, running_mean_after, running_var_after, training } = attrs as Record<
        string,
        Nested
      > & { training: boolean };
      const state = {
        running_mean: upload(device, running_mean),
        running_var: upload(device, running_var),
        num_batches_tracked: 0,
      };
      const params = { weight: upload(device, inputs.weight), bias: upload(device, inputs.bias) };
      const [, next] = batchNorm.apply(params, state, nhwc(upload(device, inputs.x)), { training });
      expectClose(await values(next.running_mean), running_mean_after, { relative, absolute: relative }, 'mean');
      expectClose(await values(next.running_var), running_var_after, { relative }, 'variance');
      expect(next.num_batches_tracked).toBe(training ? 1 : 0);
    }
  });
});
