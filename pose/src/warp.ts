import { type Crop, inputToImage } from './crop.js';
import type { RgbImage } from './dataset.js';

/** Mean and standard deviation of ImageNet's RGB channels in [0, 1], which torchvision's networks expect. */
export const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;
export const IMAGENET_STD = [0.229, 0.224, 0.225] as const;

/** How a network wants its input: `(rgb / 255 - mean) / std`, its channels' order, and where pixels stand (see `inputToImage`). */
export interface InputForm {
  readonly mean: readonly [red: number, green: number, blue: number];
  readonly std: readonly [red: number, green: number, blue: number];
  /** Default `rgb`. */
  readonly channels?: 'rgb' | 'bgr';
  readonly pixel: number;
  readonly udp?: boolean;
}

const IMAGENET: InputForm = { mean: IMAGENET_MEAN, std: IMAGENET_STD, pixel: 0.5 };

/**
 * Gain, offset, low and high [4, 3] that turn levels 0 to 255 into network input, for `warpPixels`:
 * `clamp(gain v + offset, low, high) = (clamp(gains v / 255, 0, 1) - mean) / std`.
 */
export function colourRows(gains: readonly [number, number, number] = [1, 1, 1]): number[] {
  const low = IMAGENET_MEAN.map((mean, c) => -mean / IMAGENET_STD[c]);
  const high = IMAGENET_MEAN.map((mean, c) => (1 - mean) / IMAGENET_STD[c]);
  return [...gains.map((gain, c) => gain / (255 * IMAGENET_STD[c])), ...low, ...low, ...high];
}

/**
 * Writes the crop as network input [height, width, 3]: bilinear samples v of the image, black outside, normalised to
 * `(v / 255 - mean) / std`. One sample per input pixel, as OpenCV's warpAffine takes them.
 * @param out the slice of a batch to fill, `height * width * 3` floats.
 * @param form default: ImageNet's constants, as the trainer has them
 */
export function warpCrop(
  image: RgbImage,
  crop: Crop,
  width: number,
  height: number,
  out: Float32Array,
  { mean, std, channels, pixel, udp }: InputForm = IMAGENET,
): void {
  const [a, b, c, d, e, f] = inputToImage(crop, width, height, pixel, udp);
  const scale = std.map((s) => 1 / (255 * s));
  const shift = mean.map((m, i) => -m / std[i]);
  const [first, third] = channels === 'bgr' ? [2, 0] : [0, 2];
  const { data } = image;
  const stride = image.width * 3;
  for (let v = 0, o = 0; v < height; v++) {
    for (let u = 0; u < width; u++, o += 3) {
      const x = a * u + b * v + c;
      const y = d * u + e * v + f;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const fx = x - left;
      const fy = y - top;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let j = 0; j < 2; j++) {
        const row = top + j;
        if (row < 0 || row >= image.height) continue;
        const wy = j ? fy : 1 - fy;
        for (let i = 0; i < 2; i++) {
          const column = left + i;
          if (column < 0 || column >= image.width) continue;
          const w = wy * (i ? fx : 1 - fx);
          const p = row * stride + column * 3;
          red += w * data[p];
          green += w * data[p + 1];
          blue += w * data[p + 2];
        }
      }
      out[o + first] = red * scale[0] + shift[0];
      out[o + 1] = green * scale[1] + shift[1];
      out[o + third] = blue * scale[2] + shift[2];
    }
  }
}
