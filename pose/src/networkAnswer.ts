import type { Tensor } from 'wgrad';
import { type FlipMaps, type FlipPoses, flipAverage, flipAverageMaps } from './flipAverage.js';
import { type DecodeOptions, decodeHeatmaps } from './heatmaps/decodeHeatmaps.js';
import { keypointScores } from './metrics/poseConfidence.js';

/** What a network says of a batch of inputs, on the host: coordinates, or the heatmaps whose peaks they are. */
export type NetworkAnswer = FlipPoses | FlipMaps;

/** Poses, and how sure the network is of each joint [N, K], where it says so. */
export interface ConfidentPoses extends FlipPoses {
  /** `1 - mean sigma`, or the height of the peak. */
  readonly confidence?: Float64Array | undefined;
}

/** Reads coordinates and logits of sigma, or heatmaps, from the device. */
export async function readAnswer({
  mu,
  logit,
  maps,
}: {
  readonly mu?: Tensor;
  readonly logit?: Tensor;
  readonly maps?: Tensor;
}): Promise<NetworkAnswer> {
  if (maps) return { maps: Float64Array.from(await maps.data()), shape: maps.shape };
  const points = mu as Tensor;
  const [means, logits] = await Promise.all([points.data(), logit?.data()]);
  return {
    mu: Float64Array.from(means),
    sigma: logits && Float64Array.from(logits, (a) => 1 / (1 + Math.exp(-a))),
    dims: points.shape[2],
  };
}

/** Coordinates at `mu - sigma shift`, for `shift` of the density of the network's errors. */
export function shifted(answer: NetworkAnswer, shift: readonly number[] | undefined): NetworkAnswer {
  if (!shift || 'maps' in answer || !answer.sigma) return answer;
  const { mu, sigma } = answer;
  return { ...answer, mu: mu.map((value, i) => value - sigma[i] * shift[i % shift.length]) };
}

/**
 * The poses that a network means, averaged with what it says of the mirror images where there is that.
 * @param order [K]: the schema's `flipOrder` @param reading how heatmaps are read
 */
export function posesOf(
  upright: NetworkAnswer,
  mirrored: NetworkAnswer | undefined,
  order: Uint32Array,
  reading: DecodeOptions = {},
): ConfidentPoses {
  if ('maps' in upright) {
    const { maps, shape } = mirrored ? flipAverageMaps(upright, mirrored as FlipMaps, order, reading) : upright;
    const { joints, scores } = decodeHeatmaps(maps, shape, reading);
    return { mu: joints, confidence: scores };
  }
  const poses = mirrored ? flipAverage(upright, mirrored as FlipPoses, order) : upright;
  return { ...poses, confidence: poses.sigma && Float64Array.from(keypointScores(poses.sigma, poses.dims ?? 2)) };
}
