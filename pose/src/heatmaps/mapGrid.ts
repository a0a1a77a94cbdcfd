import { add, cumsum, type Device, full, mul, type Tensor } from 'wgrad';

export interface MapOptions {
  /**
   * Where the coordinate of a map's pixel lies: pixel i of n is at `(i + pixel) / n - 0.5` in crop units. Default 0.5,
   * the pixel's centre; RLE's public codes and mmpose have 0.
   */
  readonly pixel?: number;
}

/** Where pixels lie in maps whose peaks are read. */
export interface PeakOptions extends MapOptions {
  /**
   * Unbiased data processing (UDP: Huang et al., CVPR 2020), which counts distances between pixels: the crop reaches
   * from the centre of the first pixel to that of the last, and pixel i is at `(i + pixel) / (n - 1) - 0.5`; use it
   * with `pixel` 0.
   */
  readonly udp?: boolean;
}

/** The crop's width in pixels of a map or an input of `size`. */
export function mapExtent(size: number, udp = false): number {
  return udp ? size - 1 : size;
}

export const PIXEL_CENTRE = 0.5;

/** The numbers 0, 1, ..., extent - 1 as float32, made on the device. */
export function indices(device: Device, extent: number): Tensor {
  return add(cumsum(full(device, { shape: [extent], value: 1 })), -1);
}

/** The coordinates of a map's pixels along one axis in crop units [extent]. */
export function pixelCoordinates(device: Device, extent: number, pixel: number): Tensor {
  return add(mul(indices(device, extent), 1 / extent), pixel / extent - 0.5);
}
