import { type Shape, sizeOf } from '../../tensor/shape.js';
import { CONV_DEFAULTS, convFlop, forwardGeometry, outputShape } from './convGeometry.js';

/** A convolution of a real model: the three tensors of which each op of the family makes one from the other two. */
export interface ConvShapes {
  readonly name: string;
  readonly x: Shape;
  readonly filter: Shape;
  readonly y: Shape;
  readonly attrs: { readonly stride: number; readonly padding: number; readonly groups: number };
  readonly flop: number;
  readonly bytes: number;
}

const ROWS: readonly (readonly [size: number, inC: number, kernel: number, outC: number, stride: number])[] = [
  [64, 3, 7, 64, 2],
  [16, 64, 3, 64, 1],
  [16, 64, 3, 128, 2],
  [16, 64, 1, 128, 2],
  [8, 128, 3, 128, 1],
  [8, 128, 3, 256, 2],
  [8, 128, 1, 256, 2],
  [4, 256, 3, 256, 1],
  [4, 256, 3, 512, 2],
  [4, 256, 1, 512, 2],
  [2, 512, 3, 512, 1],
];

/** The distinct convolutions of ResNet-18 on 8 images of 64x64, for benches. */
export function resnetConvs(): ConvShapes[] {
  return ROWS.map(([extent, inC, kernel, outC, stride]) => convShapes(extent, inC, kernel, outC, stride, 1));
}

/** Depthwise convolutions like those of MobileNetV2 on 8 images, for benches. */
export function depthwiseConvs(): ConvShapes[] {
  return [1, 2].map((stride) => convShapes(56, 128, 3, 128, stride, 128));
}

function convShapes(
  extent: number,
  inC: number,
  kernel: number,
  outC: number,
  stride: number,
  groups: number,
): ConvShapes {
  const x = [8, extent, extent, inC];
  const filter = [kernel, kernel, inC / groups, outC];
  const attrs = { stride, padding: (kernel - 1) / 2, groups };
  const spec = (shape: Shape) => ({ shape, dtype: 'float32' }) as const;
  const geometry = forwardGeometry('bench', spec(x), spec(filter), { ...CONV_DEFAULTS, ...attrs });
  const y = outputShape(geometry);
  return {
    name: `8x${extent}x${extent}x${inC} ${kernel}x${kernel}/${stride} ${groups > 1 ? 'depthwise' : outC}`,
    ...{ x, filter, y, attrs },
    flop: convFlop(geometry),
    bytes: 4 * (sizeOf(x) + sizeOf(filter) + sizeOf(y)),
  };
}
