import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { OpCases } from '../src/autograd/cases.js';
import type { AnyOp } from '../src/autograd/op.js';
import { ShapeError } from '../src/errors.js';
import * as wgrad from '../src/index.js';
import * as kernels from '../src/kernels/index.js';
import { cpu } from '../src/tensor/cpu.js';
import type { Device } from '../src/tensor/tensor.js';
import {
  checkGradients,
  checkOnDevice,
  differentiability,
  drawOperands,
  halfSamples,
  samplesFor,
} from '../src/testing/checkSample.js';
import { upload } from '../src/testing/hostArray.js';
import { allCases } from '../src/testing/registry.js';
import { sharedGpu, withGpu } from './adapter.js';

const SEED = 20260101;
const source = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src');

const reference = cpu();

function refuses({ op, errors }: OpCases, device: Device): void {
  for (const { inputs, attrs, message } of errors) {
    const call = () =>
      op.apply(
        inputs.map(({ shape, dtype }) => device.zeros(shape, dtype)),
        attrs,
      );
    expect(call, `${op.def.name} ${JSON.stringify({ inputs, attrs })}`).toThrow(message);
    expect(call).toThrow(ShapeError);
  }
}

describe.each(allCases.map((cases) => [cases.op.def.name, cases] as const))('%s', (_, cases) => {
  test('gradients agree with differences', async () => {
    for (const sample of [...cases.samples, ...halfSamples(cases)]) {
      const order = differentiability(cases, sample);
      if (order > 0) await checkGradients(cases, sample, order as 1 | 2, SEED);
    }
  });

  test('bad operands are refused by name', () => {
    refuses(cases, cpu());
    for (const { message } of cases.errors) expect(message.source.length).toBeGreaterThan(3);
  });

  test('integers are refused by name, unless the op says that it takes them', () => {
    const { op, samples } = cases;
    if (op.def.anyDType) return;
    samples[0].inputs.forEach((_, i) => {
      const operands = samples[0].inputs.map(({ shape }, k) => reference.zeros(shape, k === i ? 'int32' : 'float32'));
      const message = new RegExp(`^${op.def.name}: operand ${i} is int32, expected float32`);
      expect(() => op.apply(operands, samples[0].attrs)).toThrow(message);
    });
  });

  test('float16 is refused by name, unless the op says that it takes it', () => {
    const { op, samples } = cases;
    const { half = [], anyDType } = op.def;
    if (anyDType) return;
    samples[0].inputs.forEach((_, i) => {
      if (half === 'all' || half.includes(i)) return;
      const operands = samples[0].inputs.map(({ shape }, k) => reference.zeros(shape, k === i ? 'float16' : 'float32'));
      const message = new RegExp(`^${op.def.name}: operand ${i} is float16, expected float32; convert it with cast`);
      expect(() => op.apply(operands, samples[0].attrs)).toThrow(message);
    });
  });

  test('an attribute that it does not have is refused by name, an undefined one takes its default', () => {
    const { op, samples } = cases;
    const operands = () => drawOperands(samples[0], SEED).map((x) => upload(reference, x));
    const call = (more: object) => () => op.apply(operands(), { ...samples[0].attrs, ...more });
    expect(call({ axees: 1 })).toThrow(new RegExp(`^${op.def.name}: no attribute is named 'axees'; there are`));
    const missing = Object.keys(op.def.attrs).filter((key) => !(key in (samples[0].attrs ?? {})));
    expect(call(Object.fromEntries(missing.map((key) => [key, undefined])))).not.toThrow();
  });

  describe.runIf(withGpu)('GPU', () => {
    test('the kernel agrees with the reference, values and gradients', async () => {
      const device = await sharedGpu();
      for (const sample of samplesFor(cases, device)) await checkOnDevice(cases, sample, device, SEED);
    });

    if (cases.op.def.half) {
      test('and with float16 operands, where the adapter has them', async ({ skip }) => {
        const device = await sharedGpu();
        skip(!device.capabilities.float16, 'the adapter has no shader-f16');
        for (const sample of halfSamples(cases)) await checkOnDevice(cases, sample, device, SEED);
      });
    }

    test('bad operands are refused by name', async () => refuses(cases, await sharedGpu()));
  });
});

describe('the registry', () => {
  const isOp = (value: unknown): value is AnyOp => typeof value === 'function' && 'def' in value;
  const listed = new Set<unknown>(allCases.map(({ op }) => op));
  const files = ['autograd', 'kernels', 'rle']
    .flatMap((folder) =>
      readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(source, folder, name),
      ),
    )
    .filter((path) => path.endsWith('.ts'));

  test('has a sample for every op that kernels/index.ts exports', () => {
    const missing = Object.entries(kernels).filter(([, value]) => isOp(value) && !listed.has(value));
    expect(missing.map(([name]) => name)).toEqual([]);
    expect(allCases.filter(({ samples }) => samples.length === 0).map(({ op }) => op.def.name)).toEqual([]);
  });

  // It reads what `flowLogProb` and `flowMove` keep for their gradients, whose checks are its own: no operands can be drawn.
  const pieces = ['flowGrad'];

  test('has every op that a file exports under its own name', async () => {
    const wrong: string[] = [];
    for (const path of files) {
      for (const [name, value] of Object.entries((await import(path)) as Record<string, unknown>)) {
        if (isOp(value) && !pieces.includes(name) && (!listed.has(value) || value.def.name !== name))
          wrong.push(`${path}: ${name}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('has every op that a file declares, exported or not', () => {
    const names = new Set(allCases.map(({ op }) => op.def.name));
    const declared = files.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/define(?:Multi)?Op(?:<[^(]*>)?\(\{\s*name: '(\w+)'/g)].map((m) => m[1]),
    );
    expect(declared).toContain('accumulate');
    expect(declared.filter((name) => !names.has(name))).toEqual(pieces);
  });

  test('has no op that can neither be imported nor is marked @internal where it is declared', () => {
    const sources = files.map((path) => readFileSync(path, 'utf8'));
    const isInternal = (name: string) =>
      sources.some((text) => new RegExp(`@internal(?:(?!\\*/)[^])*\\*/\\s*export const ${name}\\b`).test(text));
    const names = allCases.map(({ op }) => op.def.name);
    const lost = names.filter((name) => !(name in wgrad) && !isInternal(name));
    expect(lost, 'export them in src/index.ts and run `npm run readme`').toEqual([]);
    expect(names.filter((name) => name in wgrad && isInternal(name))).toEqual([]);
  });

  test('names no op twice', () => {
    expect(new Set(allCases.map(({ op }) => op.def.name)).size).toBe(allCases.length);
  });
});
