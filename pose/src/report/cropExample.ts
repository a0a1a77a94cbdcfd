import { type Affine, applyAffine, invertAffine } from '../affine.js';
import { type Crop, inputToImage } from '../crop.js';
import type { PoseSample, RgbImage } from '../dataset.js';
import { type ExpectedLabels, ellipsesOf, mapLabels } from '../uncertainty/expectedLabels.js';
import { IMAGENET_MEAN, IMAGENET_STD, warpCrop } from '../warp.js';
import type { Example } from './runReport.js';

/** Longer side in pixels of an example in the report; more than the network sees, for the reader's sake. */
const SIDE = 288;

/**
 * Cuts a held-out sample to its crop and moves everything into the pixels of that picture.
 * @param crop upright and not mirrored, as in evaluation
 * @param predicted [K, 2] in crop units
 * @param expected labels in crop units
 * @param picture the same image in another resolution, where a data set has a finer one to look at
 */
export function cropExample(
  sample: PoseSample,
  crop: Crop,
  predicted: ArrayLike<number>,
  expected: ExpectedLabels | undefined,
  scores: { readonly error: number; readonly correct: number },
  picture: RgbImage = sample.image,
): Example {
  const scale = SIDE / Math.max(crop.width, crop.height);
  const width = Math.round(crop.width * scale);
  const height = Math.round(crop.height * scale);
  const fromImage = invertAffine(inputToImage(crop, width, height));
  const toPicture: Affine = [width, 0, (width - 1) / 2, 0, height, (height - 1) / 2];
  return {
    id: sample.id,
    image: cutOut(picture, rescale(crop, picture.width / sample.image.width), width, height),
    predicted: mapPoints(predicted, toPicture),
    ellipses: expected && ellipsesOf(mapLabels(expected, toPicture), 1),
    label: mapPoints(sample.clean ?? sample.joints, fromImage),
    weights: sample.weights,
    ...scores,
  };
}

/** The crop of an image in the pixels of the same image, `scale` times as large; edges coincide, pixel centres do not. */
function rescale(crop: Crop, scale: number): Crop {
  return {
    ...crop,
    centreX: (crop.centreX + 0.5) * scale - 0.5,
    centreY: (crop.centreY + 0.5) * scale - 0.5,
    width: crop.width * scale,
    height: crop.height * scale,
  };
}

function mapPoints(points: ArrayLike<number>, map: Affine): Float64Array {
  const out = new Float64Array(points.length);
  for (let i = 0; i < out.length; i += 2) out.set(applyAffine(map, points[i], points[i + 1]), i);
  return out;
}

function cutOut(image: RgbImage, crop: Crop, width: number, height: number): RgbImage {
  const input = new Float32Array(width * height * 3);
  warpCrop(image, crop, width, height, input);
  // Rounds and clamps, which Uint8ClampedArray does by itself.
  const data = Uint8ClampedArray.from(input, (v, i) => 255 * (v * IMAGENET_STD[i % 3] + IMAGENET_MEAN[i % 3]));
  return { width, height, data: new Uint8Array(data.buffer) };
}
