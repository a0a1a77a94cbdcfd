import { gunzipSync } from 'node:zlib';
import type { Device, Tensor } from 'wgrad';
import { type RealNvpParams, regressor } from 'wgrad/rle';
import { expectClose, expectCloseInNorm, type Nested, values } from '../../../test/numbers.js';
import type { LoadedNetwork } from '../../src/checkpoints/networkOf.js';
import { flowOf } from '../../src/train/losses.js';
import golden from '../golden/torch_models.json' with { type: 'json' };

/** What make_torch_models.py says of a network, in float64. */
export interface ModelGolden {
  readonly size: readonly number[];
  readonly mu: Nested;
  readonly logit: Nested;
  readonly logProb: Readonly<Record<string, Nested>>;
  readonly parameters: number;
}

export const committedModels: Readonly<Record<string, ModelGolden>> = golden.expected;

/** The bytes of a committed file. */
export function committedModel(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(Buffer.from(golden.files[name as keyof typeof golden.files], 'base64')));
}

/** The script's images, `sin(0.37 i)` in PyTorch's order [2, 3, H, W], as [2, H, W, 3]. */
export function goldenImages(device: Device, [height, width]: readonly number[]): Tensor {
  const plane = height * width;
  const data = new Float64Array(2 * 3 * plane);
  for (let n = 0, i = 0; n < 2; n++) {
    for (let c = 0; c < 3; c++) for (let p = 0; p < plane; p++, i++) data[(n * plane + p) * 3 + c] = Math.sin(i * 0.37);
  }
  return device.tensor(data, [2, height, width, 3]);
}

/** Holds coordinates, logits and the densities of the flows to PyTorch's. */
export async function expectOutputs(
  device: Device,
  { params, state, head }: LoadedNetwork,
  want: ModelGolden,
  relative: number,
): Promise<void> {
  const mode = { training: false, ...head };
  const [{ mu, logit }] = regressor.apply(
    params as regressor.RegressorParams,
    state as regressor.RegressorState,
    goldenImages(device, want.size),
    mode,
  );
  expectCloseInNorm(await values(mu), want.mu, relative, 'mu');
  expectCloseInNorm(await values(logit), want.logit, relative, 'logit');
  for (const [name, logProb] of Object.entries(want.logProb)) {
    const flow = params[name as 'flow'] as RealNvpParams;
    const dims = flow.t[0][0].weight.shape[1];
    const points = device.tensor(
      Float64Array.from({ length: 3 * dims }, (_, i) => Math.cos(i)),
      [3, dims],
    );
    expectClose(await values(flowOf(flow).logProb(flow, points)), logProb, { relative, absolute: relative }, name);
  }
}
