import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { AnyOp } from '../src/autograd/op.js';
import { defineOp } from '../src/autograd/op.js';
import { tuneCalls } from '../src/cli/tune.js';
import { DeviceError } from '../src/errors.js';
import { choicesFile } from '../src/io/node/choicesFile.js';
import { matmul } from '../src/kernels/product/matmul.js';
import { cpu } from '../src/tensor/cpu.js';
import { Rng } from '../src/tensor/rng.js';
import { webgpu } from '../src/tensor/webgpu.js';
import type { WebGpuDevice } from '../src/tensor/webgpuDevice.js';
import { choicesKey, loadChoices, VERSION } from '../src/testing/choiceStore.js';
import { MeasuredChoices } from '../src/testing/measuredChoices.js';
import { tune } from '../src/testing/tune.js';
import { withGpu } from './adapter.js';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-tune-'));
const path = join(folder, 'deep', 'choices.json');
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * Doubling by three kernels: a slow right one, which is the built-in choice, a fast right one, and a faster wrong one. The slow one
 * takes milliseconds, more than a busy machine makes the fast one wait.
 */
const STEPS = { slow: 400_000, fast: 200, wrong: 1 } as const;
const double = defineOp({
  name: 'double',
  attrs: {},
  shape: ([x]) => x,
  reference([x], [y]) {
    for (let i = 0; i < y.data.length; i++) y.data[i] = 2 * x.data[i];
  },
  launches([x], [y], _, { capabilities }) {
    const kind = capabilities.choices?.pick('double', () => Object.keys(STEPS)) ?? 'slow';
    const steps = STEPS[kind as keyof typeof STEPS];
    const code = /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = ${kind === 'wrong' ? 1 : 2}.0 * x[id.x];
  for (var i = 0u; i < ${steps}u; i++) { sum = fma(sum, 0.5, x[id.x]); }
  y[id.x] = sum;
}`;
    return [{ program: { label: `double ${kind}`, code }, read: [x], write: [y], grid: [1, 1, 1] }];
  },
  vjp: null,
}) as unknown as AnyOp;
const calls = [{ op: double, inputs: [{ shape: [64], lo: 0.5 }] }];

const choicesOf = (device: WebGpuDevice) => device.capabilities.choices as MeasuredChoices;

describe.runIf(withGpu)('tune', () => {
  test('takes the fastest kernel that agrees with the reference, never a faster one that does not', async () => {
    const device = await webgpu();
    const [result, ...others] = await tune(device, calls);
    expect(others).toEqual([]);
    expect([...result.rejected.keys()]).toEqual(['wrong']);
    expect(result.rejected.get('wrong')).toMatch(/double: output 0 .* gave/);
    expect(result).toMatchObject({ question: 'double', choice: 'fast', builtIn: 'slow' });
    expect(result.milliseconds).toBeLessThan(result.builtInMilliseconds);
    expect(choicesOf(device).answers).toEqual(new Map([['double', 'fast']]));
    device.destroy();
  });

  test('keeps its choices in a file, which the next device on this adapter takes over', async () => {
    const store = choicesFile(path);
    const device = await webgpu();
    expect(await store.load()).toBeUndefined();
    await tune(device, calls, { store });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ [choicesKey(device)]: { double: 'fast' } });
    device.destroy();

    const next = await webgpu();
    expect(await tune(next, calls, { store })).toEqual([]);
    expect(choicesOf(next).answers.get('double')).toBe('fast');
    expect(await tune(next, calls, { store, again: true })).toHaveLength(1);
    next.destroy();
  });

  test('a product is chosen among tiles and blocks, and computed as chosen', async () => {
    const device = await webgpu();
    const [{ question, choice }] = await tune(device, [{ op: matmul, inputs: [{ shape: [5, 8] }, { shape: [8, 4] }] }]);
    expect(question).toBe('matmul 5 x 4 x 8 x 1');
    expect(choicesOf(device).answers.get(question)).toBe(choice);
    device.destroy();
  });
});

/**
 * A GPU on which the kernels of `double` take these times and nothing else runs, by a clock that shows multiples of `tick` us
 * and may be off by up to one of them at random. What is dispatched does next to nothing.
 */
function withClock(device: WebGpuDevice, tick: number, jitters: boolean) {
  const microseconds: Record<string, number> = { slow: 109, fast: 100, wrong: 10 };
  const rng = new Rng(7);
  const shown = (time: number) => tick * Math.floor(time / tick + (jitters ? rng.uniform() : 0));
  const begun = 4321.5;
  let now = begun;
  let dispatched: string[] = [];
  const { launches } = double.def;
  const timed = defineOp({
    ...double.def,
    launches(...args: Parameters<typeof launches>) {
      const [{ program, ...rest }] = launches(...args);
      dispatched.push(program.label.replace('double ', ''));
      return [{ ...rest, program: { ...program, code: program.code.replace(/< \d+u/, '< 1u') } }];
    },
  } as never) as unknown as AnyOp;
  device.profile = async (work) => {
    dispatched = [];
    work();
    await device.finished();
    const dispatches = dispatched.map((kernel) => {
      const start = now;
      now += microseconds[kernel] * (1 + 0.01 * rng.normal());
      return { op: 'double', label: kernel, workgroups: [1, 1, 1] as const, start: shown(start), end: shown(now) };
    });
    return { dispatches, host: [] };
  };
  return { calls: [{ ...calls[0], op: timed }], spent: () => (now - begun) / 1000 };
}

describe.runIf(withGpu)('tune by a clock', () => {
  test.each([
    { name: 'of a nanosecond', tick: 0.001, jitters: false, most: 10 },
    { name: 'of 100 us', tick: 100, jitters: false, most: 500 },
    { name: 'of 100 us that jitters', tick: 100, jitters: true, most: 500 },
    { name: 'of 1 ms', tick: 1000, jitters: false, most: 5000 },
    { name: 'of 1 ms that jitters', tick: 1000, jitters: true, most: 5000 },
  ])('$name tells a kernel of 100 us from one of 109, within $most ms', async ({ tick, jitters, most }) => {
    const device = await webgpu({ quiet: true });
    const { calls, spent } = withClock(device, tick, jitters);
    const [result] = await tune(device, calls);
    expect(result).toMatchObject({ choice: 'fast', builtIn: 'slow' });
    expect(Math.abs(result.milliseconds - 0.1)).toBeLessThan(0.004);
    expect(spent()).toBeLessThan(most);
    device.destroy();
  });
});

describe('saved choices', () => {
  const description = 'some adapter, driver 1.2';
  const opened = (as: string) => {
    const device = cpu();
    const capabilities = { ...device.capabilities, choices: new MeasuredChoices() };
    return Object.assign(Object.create(device), { description: as, capabilities });
  };
  const notes: string[] = [];
  const load = async (device: ReturnType<typeof opened>) =>
    loadChoices(device, choicesFile(path), (t) => notes.push(t));
  const saved = (text: string) => writeFileSync(path, text);
  beforeEach(() => notes.splice(0));

  test('belong to one adapter, driver and version', async () => {
    const key = choicesKey({ description });
    saved(JSON.stringify({ [key]: { double: 'fast' } }));
    expect(await load(opened(description))).toBe(1);
    expect(await load(opened('some adapter, driver 1.3'))).toBe(0);
    saved(JSON.stringify({ [key.replace(VERSION, '0.0.9')]: { double: 'fast' } }));
    expect(await load(opened(description))).toBe(0);
    expect(notes).toEqual([]);
  });

  test.each(['', '{', '[]', '7', 'null', '{"a": 1}', '{"a": {"double": 3}}', '{"a": {"double": "fast"}}'.slice(0, -4)])(
    'a damaged file, %j, is ignored with a note',
    async (text) => {
      saved(text);
      expect(await load(opened(description))).toBe(0);
      expect(notes).toEqual([expect.stringMatching(/damaged and ignored/)]);
    },
  );

  test('carry the version of the package', () => {
    expect(VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
  });
});

test('the reference has nothing to choose', async () => {
  await expect(tune(cpu(), calls)).rejects.toThrow(DeviceError);
});

test('the command measures every bench shape of the products', () => {
  expect(tuneCalls(['matmul'], '256 cubed')).toMatchObject([
    { inputs: [{ shape: [256, 256] }, {}], checked: undefined },
  ]);
  expect(tuneCalls(['conv2d', 'conv2dWeight'], '').length).toBeGreaterThan(20);
  expect(() => tuneCalls(['matmul'], 'cubist')).toThrow(
    /^--filter cubist: in the name of no bench shape of matmul, such as /,
  );
  expect(tuneCalls(['reshape'], '')).toEqual([]);
});
