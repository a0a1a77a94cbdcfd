import { expect, test } from 'vitest';
import { couplingFlow } from '../../src/rle/flows/couplingFlow.js';
import type { Flow } from '../../src/rle/flows/flow.js';
import { realNvp } from '../../src/rle/flows/realNvp.js';
import { affine } from '../../src/rle/flows/transforms.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';

const device = cpu();
const SIZES = { dims: 2, hidden: 8, couplings: 4 };
const made = <P>(flow: Flow<P>) => flow.init(new Rng(1), device);
const points = device.zeros([3, 2]);

test.each([
  [{ hidden: 16 }, 't.0.0.weight is [8, 2], expected [16, 2]'],
  [{ couplings: 2 }, 't.2.0.weight is [8, 2], expected missing'],
  [{ couplings: 6 }, 't.4.0.weight is missing, expected [8, 2]'],
  [{ hiddenLayers: 3 }, 't.0.4.weight is [2, 8], expected [8, 8]'],
])('parameters of another size than %o are refused by name, with both shapes', (given, message) => {
  const flow = realNvp({ ...SIZES, ...given });
  const params = made(realNvp(SIZES));
  for (const call of [flow.logProb, flow.forward, flow.inverse]) {
    expect(() => call(params, points)).toThrow(`flow: parameter ${message}; pass what`);
  }
  expect(() => flow.logProb(made(flow), points)).not.toThrow();
});

test('so are those of a flow without joints, and of points in another space', () => {
  const conditional = couplingFlow({ ...SIZES, transform: affine(), joints: 3, embedding: 4 });
  const plain = made(couplingFlow({ ...SIZES, transform: affine() }));
  expect(() => conditional.logProb(plain, points)).toThrow('embedding is missing, expected [3, 4]');
  const space = realNvp({ ...SIZES, dims: 3 });
  expect(() => space.logProb(made(realNvp(SIZES)), device.zeros([1, 3]))).toThrow('is [8, 2], expected [8, 3]');
});
