import { describe, expect, test } from 'vitest';
import { opTable } from '../docs/opTable.js';
import * as errors from '../src/errors.js';
import { Tensor } from '../src/tensor/tensor.js';
import { isRecord, nameValue } from '../src/tensor/tree.js';
import { drawOperands } from '../src/testing/checkSample.js';
import { upload } from '../src/testing/hostArray.js';
import { allCases } from '../src/testing/registry.js';
import { device, LAYERS, type Loose, OPS } from './goodCalls.js';

const OWN = Object.values(errors);
type Args = readonly unknown[];

/** What a program without types may pass by mistake, for an operand or for an option. */
const JUNK: Args = [
  ...[null, true, 'text', Number.NaN, -1, 2.5, Number.POSITIVE_INFINITY, 7n, Symbol('s')],
  ...[[], {}, [1, 'a'], [[1]], [Number.NaN, -2], { shape: 4 }, () => 1, new Float32Array(2), new Map(), /a/],
];
const tensors = () => [device.tensor([1, 2, 3]), device.tensor(Int32Array.of(1)), device.tensor([[[[[1]]]]])];

/** What the calls answer that have an operand or an option replaced, where it is no error of wgrad by the right name. */
function raw(f: Loose, good: () => Args, isRight: (message: string) => boolean, junk: () => Args): string[] {
  const found: string[] = [];
  const call = (what: string, spoil: (args: Args) => Args) => {
    try {
      f(...spoil(good()));
    } catch (error) {
      const { message } = error as Error;
      const isOwn = OWN.some((own) => error instanceof own);
      if (!isOwn || !isRight(message)) found.push(`${what}: ${(error as Error).constructor.name}: ${message}`);
    }
  };
  good().forEach((arg, i, { length }) => {
    for (const k of junk().keys()) {
      const bad = () => junk()[k];
      if (arg instanceof Tensor) call(`argument ${i} = ${nameValue(bad())}`, (args) => args.with(i, bad()));
      if (!isRecord(arg) || i < length - 1) continue;
      for (const key of Object.keys(arg)) {
        call(`${key} = ${nameValue(bad())}`, (args) => args.with(i, { ...(args[i] as object), [key]: bad() }));
      }
    }
  });
  return found;
}

describe('an operand or an attribute of the wrong type is refused in the name of the op that was called', () => {
  const junk = () => [...JUNK, ...tensors()];

  // What `flowMove` is told stands in its flow; no user calls it.
  const ops = allCases.filter(({ op }) => op.def.name !== 'flowMove');

  test.each(ops.map((cases) => [cases.op.def.name, cases] as const))('%s', (name, { op, samples: [sample] }) => {
    const operands = () => drawOperands(sample, 0).map((x) => upload(device, x));
    const attrs = { ...op.def.attrs, ...sample.attrs };
    const call = (...args: Args) => op.apply(args.slice(0, -1) as Tensor[], args.at(-1) as object);
    expect(
      raw(
        call,
        () => [...operands(), attrs],
        (message) => message.startsWith(name) || (name.startsWith('flow') && message.startsWith('flow: ')),
        junk,
      ),
    ).toEqual([]);
  });

  test.each(OPS)('%s', (name, f, args) => {
    f(...args());
    expect(raw(f, args, (message) => message.startsWith(`${name}: `), junk)).toEqual([]);
  });
});

test('every function in the table of README has been called so', () => {
  const called = new Set([
    ...allCases.map(({ op }) => op.def.name),
    ...OPS.map(([name]) => name),
    'randomSeed',
    'exactErf',
  ]);
  const listed = [...opTable().matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(listed.filter((name) => !called.has(name))).toEqual([]);
});

describe('an option of the wrong type is refused by wgrad, not by JavaScript', () => {
  const junk = () => [...JUNK.filter((x) => !['bigint', 'symbol'].includes(typeof x)), ...tensors()];

  test.each(LAYERS)('%s', (_, f, args) => {
    f(...args());
    const options = (...given: Args) => f(...args().slice(0, -1), given[0]);
    expect(
      raw(
        options,
        () => [args().at(-1)],
        () => true,
        junk,
      ),
    ).toEqual([]);
  });
});
