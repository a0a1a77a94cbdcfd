import { gunzipSync } from 'node:zlib';
import type { Device } from 'wgrad';
import { toNchw } from '../../../test/models/torchRegressor.js';
import { type Nested, values } from '../../../test/numbers.js';
import * as backbone from '../../src/backbones/backbone.js';
import type { MapDecoding } from '../../src/checkpoints/conventions.js';
import { networkOf } from '../../src/checkpoints/networkOf.js';
import type { PoseCheckpoint } from '../../src/checkpoints/poseCheckpoint.js';
import * as heatmapHead from '../../src/heatmaps/heatmapHead.js';
import { softArgmax } from '../../src/heatmaps/softArgmax.js';
import golden from '../golden/torch_networks.json' with { type: 'json' };
import { goldenImages } from './torchModels.js';

/** What make_torch_networks.py says of a network, in float64: one of the three, in PyTorch's order. */
export interface NetworkGolden {
  readonly size: readonly number[];
  readonly maps?: Nested;
  readonly mu?: Nested;
  readonly features?: Nested;
}

export const committedNetworks = golden.expected as Readonly<Record<string, NetworkGolden>>;

/** The bytes of a committed file. */
export function committedNetwork(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(Buffer.from(golden.files[name as keyof typeof golden.files], 'base64')));
}

/** What a checkpoint's network says of the golden's images, to be held to `wantedOf`. */
export async function answerOf(device: Device, checkpoint: PoseCheckpoint, size: readonly number[]): Promise<number[]> {
  const { params, state } = networkOf(device, checkpoint);
  const mode = { training: false };
  const [features] = backbone.apply(params.preact, state.preact, goldenImages(device, size), mode);
  const { deconv_layers, final_layer } = params;
  if (!deconv_layers || !final_layer) return Array.from(toNchw(await values(features), features.shape));
  const [maps] = heatmapHead.apply({ deconv_layers, final_layer }, state, features, mode);
  const { maps: decoding, pixel, origin } = checkpoint.conventions;
  const { decode, ...options } = decoding as MapDecoding;
  if (decode === 'peak') return Array.from(toNchw(await values(maps), maps.shape));
  return (await values(softArgmax(maps, { ...options, pixel }))).map((x) => x + 0.5 - origin);
}

export function wantedOf({ maps, mu, features }: NetworkGolden): Nested {
  return (maps ?? mu ?? features) as Nested;
}
