import { afterEach, describe, expect, test, vi } from 'vitest';
import { DeviceError } from '../src/errors.js';
import { cpu } from '../src/tensor/cpu.js';
import { device } from '../src/tensor/device.js';
import { webgpu } from '../src/tensor/webgpu.js';
import type { CompileProgress } from '../src/tensor/webgpuDevice.js';
import { CompilePatience } from '../src/tensor/webgpuPatience.js';
import { withGpu } from './adapter.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Stands in for the entry point to WebGPU, as a browser has it. */
function withRequestAdapter(requestAdapter: () => Promise<unknown>) {
  vi.stubGlobal('navigator', { gpu: { requestAdapter } });
}

describe('device()', () => {
  test('falls back to the CPU where the request for an adapter is rejected, and says so once', async () => {
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
    withRequestAdapter(() => Promise.reject(new Error('blocked by policy')));
    for (let i = 0; i < 2; i++) expect((await device()).kind).toBe('cpu');
    expect(said.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^wgrad: running on the CPU reference, which is exact and slow.*blocked by policy.*quiet/,
        ),
      ],
    ]);
    await expect(webgpu()).rejects.toThrow(DeviceError);
  });

  const info = { vendor: 'nvidia', architecture: 'hopper', device: '', description: '' };
  const adapter = (requestDevice: () => unknown, about: object = { info }) => ({
    ...{ features: new Set(), limits: {}, requestDevice, ...about },
  });
  const throwAtOnce = () => {
    throw new TypeError('illegal invocation');
  };
  test.each([
    ['the request throws at once', throwAtOnce, 'no adapter found: illegal invocation.'],
    ['the request is rejected with a text', () => Promise.reject('blocked'), 'no adapter found: blocked.'],
    ['the request is rejected with nothing', () => Promise.reject(), 'no adapter found.'],
    ['there is no adapter', async () => undefined, 'no adapter found.'],
    [
      'the device is refused',
      async () => adapter(() => Promise.reject(new Error('limits'))),
      "'nvidia hopper' gives no device: limits.",
    ],
    [
      'asking for the device throws at once',
      async () => adapter(throwAtOnce),
      "'nvidia hopper' gives no device: illegal invocation.",
    ],
    ['there is no device', async () => adapter(async () => null), "'nvidia hopper' gives no device."],
    [
      'an adapter says nothing of itself',
      async () => adapter(() => Promise.reject(new Error('limits')), {}),
      "'unnamed adapter' gives no device: limits.",
    ],
  ])('falls back where %s', async (_, requestAdapter, why) => {
    withRequestAdapter(requestAdapter);
    const { kind, description } = await device({ quiet: true });
    expect(kind).toBe('cpu');
    expect(description).toContain(`because webgpu: ${why} On Linux`);
    await expect(webgpu()).rejects.toThrow(DeviceError);
  });

  test('says nothing when told to be quiet', async () => {
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
    withRequestAdapter(async () => null);
    expect((await device({ quiet: true })).description).toMatch(/no adapter found/);
    expect(said).not.toHaveBeenCalled();
  });

  test.runIf(withGpu)('says that an adapter is a software driver, and nothing of a GPU', async () => {
    const said = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const opened = await device();
    const expected = opened.capabilities.tier === 'software' ? [[expect.stringMatching(/since no GPU was found/)]] : [];
    expect(said.mock.calls).toEqual(expected);
    opened.destroy();
  });
});

test('whoever waits for kernels is told after two seconds, and then once a second', () => {
  const told: CompileProgress[] = [];
  let now = 0;
  const patience = new CompilePatience(
    (progress) => told.push(progress),
    () => now,
  );
  const compile = (kernel: string, ms: number) => {
    patience.begin();
    now += ms;
    patience.end(kernel);
    now += 10_000; // what the host does between kernels is no waiting
  };
  compile('a', 1900);
  expect(told).toEqual([]);
  compile('b', 200);
  compile('c', 800);
  compile('d', 300);
  expect(told).toEqual([
    { kernel: 'b', compiled: 2, seconds: 2.1 },
    { kernel: 'd', compiled: 4, seconds: 3.2 },
  ]);
  // Two at a time are waited for once.
  patience.begin();
  patience.begin();
  now += 1500;
  patience.end('e');
  patience.end('f');
  expect(told.slice(2)).toEqual([{ kernel: 'e', compiled: 5, seconds: 4.7 }]);
});

test.runIf(withGpu)('a tensor of another device is refused by name in every transfer', async () => {
  const [reference, gpu] = [cpu(), await webgpu()];
  const [x, y] = [reference.tensor([1]), gpu.tensor([2])];
  for (const [home, other] of [
    [reference, y],
    [gpu, x],
  ] as const) {
    const own = home === gpu ? y : x;
    const message = new RegExp(`tensor ${other.id} \\[1\\] lives on '.*', not on '.*'`);
    expect(() => home.write(other, [3])).toThrow(message);
    expect(() => home.copy(other, own)).toThrow(message);
    expect(() => home.copy(own, other)).toThrow(message);
    await expect(home.read(other)).rejects.toThrow(message);
    await expect(home.read(other)).rejects.toThrow(DeviceError);
  }
  gpu.destroy();
});
