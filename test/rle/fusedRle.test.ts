/** The fused loss against the loss composed of ops: value and gradients, for every variant, with weights of every shape. */
import { describe, expect, test } from 'vitest';
import { vjp } from '../../src/autograd/grad.js';
import { mul } from '../../src/kernels/elementwise/arithmetic.js';
import { namedTensors } from '../../src/nn/tree.js';
import { type ComposedOptions, composedRle } from '../../src/rle/composedRle.js';
import * as realNvp from '../../src/rle/realNvp.js';
import { dle, rle } from '../../src/rle/rle.js';
import { packParameters } from '../../src/tensor/arena.js';
import type { Device } from '../../src/tensor/backend.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { webgpu } from '../../src/tensor/webgpu.js';
import { withGpu } from '../adapter.js';
import { BACKENDS } from '../backends.js';
import { expectClose, expectCloseInNorm, values } from '../numbers.js';
import { GPU_GRADIENT_RELATIVE, GPU_LOSS_RELATIVE, REFERENCE_RELATIVE } from '../tolerance.js';

const [B, K, D] = [4, 5, 2];
const FLOOR = 0.05;

type Variables = { flow: realNvp.RealNvpParams; mu: Tensor; logit: Tensor };

function batchOn(device: Device, weightShape: readonly number[] | undefined) {
  const rng = new Rng(5);
  const draw = (scale: number) =>
    device.tensor(
      Float32Array.from({ length: B * K * D }, () => scale * rng.normal()),
      [B, K, D],
    );
  const variables: Variables = {
    flow: packParameters(realNvp.init(new Rng(2), device, { dims: D })),
    mu: draw(0.3),
    logit: draw(2), // some below the floor
  };
  const target = draw(0.3);
  const size = (weightShape ?? []).reduce((a, b) => a * b, 1);
  const weight = weightShape
    ? device.tensor(
        Float32Array.from({ length: size }, (_, i) => (i % 5 === 2 ? 0 : 0.5 + (i % 3))),
        weightShape,
      )
    : undefined;
  return { variables, labels: { target, weight } };
}

async function run(
  loss: (v: Variables, labels: { target: Tensor; weight?: Tensor }) => Tensor,
  device: Device,
  weightShape: readonly number[] | undefined,
) {
  const { variables, labels } = batchOn(device, weightShape);
  // A cotangent other than 1, as within a larger loss.
  const [value, gradients] = vjp((v: Variables) => loss(v, labels), variables, device.tensor([1.7], []));
  return {
    value: await values(value),
    gradients: await Promise.all(
      [...namedTensors(gradients)].map(async ([name, g]) => [name, await values(g)] as const),
    ),
  };
}

const CASES = [
  { variant: 'official', q: 'laplace', residual: true },
  { variant: 'official', q: 'gaussian', residual: true },
  { variant: 'mmpose', q: 'laplace', residual: true },
  { variant: 'mmpose', q: 'gaussian', residual: true },
  { variant: 'paper', q: 'laplace', residual: true },
  { variant: 'official', q: 'laplace', residual: false },
  { variant: 'paper', q: 'laplace', residual: false },
] as const satisfies readonly ComposedOptions[];

describe.each(BACKENDS)('on $name', ({ open, tolerance }) => {
  describe.each([undefined, [B, K, 1], [B, K, D]])('weights %j', (weightShape) => {
    test.each(CASES)('$variant, Q $q, residual $residual', async ({ variant, q, residual }) => {
      const options = { variant, sigmaFloor: FLOOR };
      const expected = await run(
        ({ flow, mu, logit }, labels) => composedRle({ mu, logit }, labels, flow, { ...options, q, residual }),
        cpu(),
        weightShape,
      );
      const got = await run(
        ({ flow, mu, logit }, labels) =>
          residual ? rle({ mu, logit }, labels, flow, { ...options, q }) : dle({ mu, logit }, labels, flow, options),
        await open(),
        weightShape,
      );
      // The loss's terms cancel: what is off is relative to their size, about 10.
      const close = tolerance(REFERENCE_RELATIVE, GPU_LOSS_RELATIVE);
      expectClose(got.value, expected.value, { relative: close, absolute: 10 * close }, 'loss');
      expect(got.gradients.length).toBe(74);
      for (const [i, [name, g]] of got.gradients.entries()) {
        expectCloseInNorm(g, expected.gradients[i][1], tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE), name);
      }
    });
  });

  test('labels that are variables have gradients too', async () => {
    const device = await open();
    const { variables, labels } = batchOn(device, [B, K, D]);
    const { flow, mu, logit } = variables;
    const loss = (x: { target: Tensor; weight: Tensor }) => rle({ mu, logit }, x, flow);
    const [, g] = vjp(loss, { target: labels.target, weight: mul(labels.weight as Tensor, 1) }, device.tensor([1], []));
    for (const gradient of [g.target, g.weight]) expect((await values(gradient)).some((x) => x !== 0)).toBe(true);
  });
});

test.runIf(withGpu)('three dispatches beside the three of the flow', async () => {
  const device = await webgpu();
  const { variables, labels } = batchOn(device, [B, K, D]);
  const { flow, mu, logit } = variables;
  const g = device.tensor([1], []);
  const before = device.stats().dispatches;
  vjp((v: Variables) => rle({ mu: v.mu, logit: v.logit }, labels, v.flow), { flow, mu, logit }, g);
  expect(device.stats().dispatches - before).toBe(6);
});
