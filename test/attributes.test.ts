import { expect, test } from 'vitest';
import { attributesOf } from '../src/autograd/attributes.js';
import { defineOp } from '../src/autograd/op.js';
import * as k from '../src/kernels/index.js';
import { adam, adamW, sgd } from '../src/nn/optim.js';
import { packParameters } from '../src/tensor/arena.js';
import { cpu } from '../src/tensor/cpu.js';
import { Rng } from '../src/tensor/rng.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { allCases } from '../src/testing/registry.js';

const device = cpu();
const x = device.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
type Loose = (...args: unknown[]) => unknown;
const call = (f: unknown, ...args: unknown[]) => {
  return () => (f as Loose)(...args);
};

/** Each is refused by its own name, with the spelling that was meant. */
test.each([
  ['sum', k.sum, [x, 0], 'sum(..., { axes: 0 })'],
  ['sum', k.sum, [x, [0, 1]], 'sum(..., { axes: [0,1] })'],
  ['mean', k.mean, [x, -1], 'mean(..., { axes: -1 })'],
  ['max', k.max, [x, 1], 'max(..., { axes: 1 })'],
  ['softmax', k.softmax, [x, 1], 'softmax(..., { axis: 1 })'],
  ['argMax', k.argMax, [x, 'last'], 'argMax(..., { axis: "last" })'],
  ['permute', k.permute, [x, [1, 0]], 'permute(..., { order: [1,0] })'],
  ['reshape', k.reshape, [x, [3, 2]], 'reshape(..., { shape: [3,2] })'],
  ['reshape', k.reshape, [x, -1], 'reshape(..., { shape: -1 })'],
  ['broadcastTo', k.broadcastTo, [x, [2, 2, 3]], 'broadcastTo(..., { shape: [2,2,3] })'],
  ['cast', k.cast, [x, 'int32'], 'cast(..., { dtype: "int32" })'],
  ['expandDims', k.expandDims, [x, 0], 'expandDims(..., { axis: 0 })'],
  ['squeeze', k.squeeze, [x, 0], 'squeeze(..., { axes: 0 })'],
  ['concat', k.concat, [[x, x], 1], 'concat(..., { axis: 1 })'],
  ['stack', k.stack, [[x, x], 1], 'stack(..., { axis: 1 })'],
  ['cumsum', k.cumsum, [x, 0], 'cumsum(..., { axis: 0 })'],
  ['gather', k.gather, [x, device.tensor(new Int32Array([0])), 1], 'gather(..., { axis: 1 })'],
  ['leakyRelu', k.leakyRelu, [x, 0.2], 'leakyRelu(..., { slope: 0.2 })'],
  ['clamp', k.clamp, [x, 0, 1], 'clamp(..., { min: 0 })'],
  ['relu', k.relu, [x, true], 'there are none, leave it out'],
  ['exp', k.exp, [x, 2], 'there are none, leave it out'],
  ['convTranspose2d', k.convTranspose2d, [x, x, 2], 'convTranspose2d(..., { stride: 2 })'],
  ['randomUniform', k.randomUniform, [device, new Rng(1), [3]], 'randomUniform(..., { shape: [3] })'],
  ['randomNormal', k.randomNormal, [device, new Rng(1), [3]], 'randomNormal(..., { shape: [3] })'],
  ['full', k.full, [device, [3]], 'full(..., { shape: [3] })'],
])('%s: attributes by place are refused with the spelling that was meant', (name, op, args, remedy) => {
  expect(call(op, ...args)).toThrow(`${name}: attributes are given by name in a record, got `);
  expect(call(op, ...args)).toThrow(remedy);
});

test('too few and too many operands are counted', () => {
  expect(call(k.matmul, x)).toThrow(/^matmul: wants 2 operands, got 1$/);
  expect(call(k.sum, x, x)).toThrow(/^sum: wants 1 operand, got 2$/);
  expect(call(k.linear, x, x, x, x)).toThrow(/^linear: wants 2 to 3 operands, got 4$/);
  expect(call(k.add, x, 1)).not.toThrow();
  expect(call(k.add, x, 1, 2)).toThrow(/^add: attributes are given by name/);
});

test.each([
  ['add', k.add, [x, [1, 2, 3]], 'operand 1 is an array of 3'],
  ['add', k.add, [[1, 2, 3], x], 'operand 0 is an array of 3'],
  ['add', k.add, [x, true], 'operand 1 is the boolean true'],
  ['add', k.add, [x, null], 'operand 1 is null'],
  ['mul', k.mul, [x, new Float32Array(3)], 'operand 1 is a Float32Array'],
  ['sum', k.sum, [[1, 2]], 'operand 0 is an array of 2'],
  ['concat', k.concat, [[x, [1, 2]]], 'operand 1 is an array of 2'],
])('%s: what is no operand is named', (name, op, args, what) => {
  expect(call(op, ...args)).toThrow(
    `${name}: ${what}, expected a tensor or a number; device.tensor(...) makes a tensor of numbers`,
  );
});

test('tensors to join are given in an array, and a dtype is one that there is', () => {
  expect(call(k.concat, x, x)).toThrow(
    'concat: the operands are a tensor [2, 3], expected one array of tensors; write concat([a, b], { axis: 0 })',
  );
  expect(call(k.stack, x, x)).toThrow(/^stack: the operands are a tensor \[2, 3\], expected one array/);
  const message = /^cast: dtype is int64, expected one of float32, float16, int32, uint32/;
  expect(call(k.cast, x, { dtype: 'int64' })).toThrow(message);
});

test('what is no plain record is no attributes', () => {
  class Mine {
    readonly axes = 0;
  }
  expect(call(k.sum, x, new Mine())).toThrow(/got a Mine; write sum\(\.\.\., \{ axes: \.\.\. \}\)/);
  expect(call(k.sum, x, null)).toThrow(/got null/);
  expect(attributesOf('sum', { axes: 1 }, undefined)).toEqual({ axes: 1 });
});

/** These take any number: what they list is judged by their shapes. */
const VARIADIC = ['concat', 'gradStatus', 'jointwise', 'scaledGradStatus'];

test('every op says how many operands it takes, and its samples agree', () => {
  const wrong = allCases.flatMap(({ op, samples }) => {
    const { name, arity } = op.def;
    if (arity === undefined) return VARIADIC.includes(name) ? [] : [`${name} does not say`];
    const [least, most] = typeof arity === 'number' ? [arity, arity] : arity;
    const counts = samples.map(({ inputs }) => inputs.length);
    return Math.min(...counts) === least && Math.max(...counts) === most ? [] : [`${name} says ${arity}`];
  });
  expect(wrong).toEqual([]);
});

test('an op of the user without an arity judges its operands itself', () => {
  const first = defineOp<[x: Tensor, more?: Tensor]>({ ...k.neg.def, name: 'first', arity: undefined } as never);
  expect(() => first(x, x)).not.toThrow();
});

test('an optimiser without a learning rate says what is missing', () => {
  for (const [name, { init, step }] of Object.entries({ adam, adamW, sgd })) {
    const params = packParameters({ w: device.tensor([1, 2]) });
    const state = init(params) as never;
    const gradients = { w: device.tensor([1, 1]) };
    const message = new RegExp(`^${name}.step: lr, the learning rate, is undefined; pass .* \\{ lr: 1e-3 \\}`);
    expect(call(step, params, gradients, state)).toThrow(message);
    expect(call(step, params, gradients, state, {})).toThrow(message);
    expect(call(step, params, gradients, state, { lr: '0.1' })).toThrow(/lr, the learning rate, is 0.1/);
    expect(call(step, params, gradients, state, { lr: 0.1 })).not.toThrow();
  }
});
