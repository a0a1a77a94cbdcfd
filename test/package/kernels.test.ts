// The kernels as the package ships them: the build takes comments and spaces from WGSL, which the engine rewrites for float16
// by its text. All other tests of kernels run the sources.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../scripts/build.mjs';
import { cpu } from '../../src/tensor/cpu.js';
import type { Device } from '../../src/tensor/tensor.js';
import { halfSamples, samplesFor } from '../../src/testing/checkSample.js';
import { launchesOf } from '../../src/testing/launchesOf.js';
import { allCases } from '../../src/testing/registry.js';
import { withGpu } from '../adapter.js';

const SEED = 20260101;
const names = allCases.map(({ op }) => op.def.name);

/** What the tests take from the package. */
interface Package {
  readonly checkSample: typeof import('../../src/testing/checkSample.js');
  readonly launches: typeof import('../../src/testing/launchesOf.js');
  readonly registry: typeof import('../../src/testing/registry.js');
  readonly reference: typeof import('../../src/tensor/cpu.js');
  readonly gpu: typeof import('../../src/tensor/webgpu.js');
}

let stage: string;
let shipped: Package;

beforeAll(async () => {
  // Below node_modules, where the package finds `webgpu` and vitest leaves it as it is.
  const cache = fileURLToPath(new URL('../../node_modules/.cache/wgrad/', import.meta.url));
  mkdirSync(cache, { recursive: true });
  stage = mkdtempSync(join(cache, 'kernels-'));
  expect(compile('.', join(stage, 'dist'))).toBe(true);
  const load = (file: string) => import(/* @vite-ignore */ pathToFileURL(join(stage, 'dist', file)).href);
  shipped = {
    checkSample: await load('testing/checkSample.js'),
    launches: await load('testing/launchesOf.js'),
    registry: await load('testing/registry.js'),
    reference: await load('tensor/cpu.js'),
    gpu: await load('tensor/webgpu.js'),
  };
});
afterAll(() => rmSync(stage, { recursive: true, force: true }));

/** WGSL as its compiler sees it: its tokens, without comments. */
function tokensOf(code: string): string[] {
  const tokens = /[\w.]+|(?:<<|>>|[-+*/%&|^=!<>])=|->|\+\+|--|&&|\|\||<<|>>|\S/g;
  return code.replace(/\/\/.*/g, '').match(tokens) ?? [];
}

/** Where the tokens of two kernels part, or nothing. */
function difference(expected: string, got: string): { readonly expected: string; readonly got: string } | undefined {
  const [ours, theirs] = [tokensOf(expected), tokensOf(got)];
  const at = ours.findIndex((token, i) => token !== theirs[i]);
  if (at < 0 && ours.length === theirs.length) return undefined;
  const near = (tokens: string[]) => tokens.slice(Math.max(at - 3, 0), at + 3).join(' ');
  return { expected: near(ours), got: near(theirs) };
}

/** A device that computes on the host and is asked for the kernels of another. */
function posingAs(device: Device, capabilities: object): Device {
  return Object.defineProperty(device, 'capabilities', { value: { ...device.capabilities, ...capabilities } });
}

const DEVICES = [
  { tier: 'software', vendor: 'mesa', architecture: 'software', subgroupSize: 8 },
  { tier: 'gpu', vendor: 'amd', architecture: 'rdna-3', subgroupSize: 0 },
  { tier: 'gpu', vendor: 'nvidia', architecture: 'hopper', subgroupSize: 32 },
  { tier: 'gpu', vendor: 'intel', architecture: 'gen-12hp', subgroupSize: 0, narrowSubgroup: 8 },
  { tier: 'gpu', vendor: '', architecture: '', subgroupSize: 0 },
].map((device) => ({ ...device, float16: true, timestamps: true, maxBindingBytes: 2 ** 27 }));

describe('the package', () => {
  test('has the ops of the sources', () => {
    expect(shipped.registry.allCases.map(({ op }) => op.def.name)).toEqual(names);
  });

  test.each(DEVICES)('has their kernels, comments and spaces aside, rewritten for float16 too: $tier $vendor', (as) => {
    const ours = posingAs(cpu(), as);
    const theirs = posingAs(shipped.reference.cpu(), as);
    let kernels = 0;
    let shorter = 0;
    for (const [i, cases] of allCases.entries()) {
      for (const sample of [...samplesFor(cases, ours), ...halfSamples(cases)]) {
        const expected = launchesOf(cases.op, sample, ours).map(({ program }) => program);
        const got = shipped.launches
          .launchesOf(shipped.registry.allCases[i].op, sample, theirs)
          .map(({ program }) => program);
        expect(got.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
        for (const [k, { label, code }] of expected.entries()) {
          expect(difference(code, got[k].code), label).toBeUndefined();
          kernels++;
          if (got[k].code.length < code.length) shorter++;
        }
      }
    }
    expect(kernels).toBeGreaterThan(1000);
    expect(shorter).toBeGreaterThan(0.5 * kernels); // what is compared has been through the build
  });
});

describe.runIf(withGpu)("the package's kernels agree with the reference, values and gradients", () => {
  let device: Device;
  beforeAll(async () => {
    device = await shipped.gpu.webgpu({ quiet: true });
  });
  afterAll(() => (device as { destroy?: () => void }).destroy?.());

  test.each(names)('%s', async (name) => {
    const { halfSamples, samplesFor, checkOnDevice } = shipped.checkSample;
    const [cases] = shipped.registry.casesOf([name]);
    const half = device.capabilities.float16 ? halfSamples(cases) : [];
    for (const sample of [...half, ...samplesFor(cases, device)]) await checkOnDevice(cases, sample, device, SEED);
  });

  test('with float16 operands as well, where the adapter has them', ({ skip }) => {
    skip(!device.capabilities.float16, 'the adapter has no shader-f16');
    expect(shipped.registry.allCases.flatMap(shipped.checkSample.halfSamples).length).toBeGreaterThan(400);
  });
});
