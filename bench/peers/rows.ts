import { CONV_DEFAULTS, convFlop, forwardGeometry, outputShape } from '../../src/kernels/product/convGeometry.js';
import { resnetConvs } from '../../src/kernels/product/resnetConvs.js';
import { type Shape, sizeOf } from '../../src/tensor/shape.js';

/** A convolution of three tensors, NHWC and [R, S, C / groups, K]; each op of the family makes one from the other two. */
export interface ConvWork {
  readonly kind: 'conv2d' | 'conv2dInput' | 'conv2dWeight' | 'convTranspose2d';
  readonly x: Shape;
  readonly filter: Shape;
  readonly y: Shape;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

/** A network and a batch: ResNet, linear head, official RLE loss with its flow, Adam. */
export interface StepWork {
  readonly kind: 'step';
  readonly depth: 18 | 50;
  readonly width: number;
  readonly stem: 3 | 7;
  readonly batch: number;
  readonly size: readonly [height: number, width: number];
  readonly joints: number;
}

/** What a row asks every library to compute; `operands.ts` says from what, `wgradWork.ts` what it means. */
export type Work =
  | { readonly kind: 'matmul'; readonly m: number; readonly k: number; readonly n: number }
  | ConvWork
  | { readonly kind: 'batchNorm'; readonly x: Shape; readonly relu: boolean }
  | { readonly kind: 'softmax'; readonly rows: number; readonly columns: number }
  | { readonly kind: 'flow'; readonly points: number }
  | { readonly kind: 'rle'; readonly batch: number; readonly joints: number }
  | { readonly kind: 'adam'; readonly width: number }
  | StepWork;

export const FAMILIES = [
  'matmul',
  'forward',
  'dX',
  'dW',
  'batch norm',
  'softmax',
  'flow',
  'RLE',
  'Adam',
  'step',
] as const;
export type Family = (typeof FAMILIES)[number];

/** One line of the comparison. */
export interface Row {
  readonly name: string;
  readonly family: Family;
  readonly work: Work;
  /** Floating-point operations, and the bytes that must cross memory at least once; a row is judged by the larger share. */
  readonly flop: number;
  readonly bytes: number;
  /** Too large for a software adapter. */
  readonly gpuOnly: boolean;
}

/** Leading images (rows of a product) that the float64 reference computes; the rest would take it minutes. */
export function checkedImages({ flop }: Row, images: number): number {
  return Math.min(images, Math.max(1, Math.floor((images * MAX_REFERENCE_FLOP) / flop)));
}

const MAX_REFERENCE_FLOP = 3e9;
/** Width of the flow's hidden layers, and its arithmetic by point: twelve nets of three layers. */
const HIDDEN = 64;
const FLOW_FLOP = 12 * 2 * (2 * HIDDEN + HIDDEN * HIDDEN + 2 * HIDDEN);
const FLOW_WEIGHTS = 53_784;
const RESNET18_WEIGHTS = 11_176_512;
/** With both gradients a row takes three times the work of the value: each gradient is as much again. */
const WITH_GRADIENTS = 3;

/** Every row, small ones first within a family. */
export function allRows(): Row[] {
  return [...matmuls(), ...convolutions(), ...norms(), ...flows(), adam(), ...steps()];
}

function row(name: string, family: Family, work: Work, flop: number, floats: number, gpuOnly = false): Row {
  return { name, family, work, flop, bytes: 4 * floats, gpuOnly };
}

function matmuls(): Row[] {
  const one = (name: string, m: number, k: number, n: number, gpuOnly = false) =>
    row(name, 'matmul', { kind: 'matmul', m, k, n }, 2 * m * k * n, m * k + k * n + m * n, gpuOnly);
  return [
    ...[256, 512, 1024].map((n) => one(`matmul ${n}`, n, n, n)),
    ...[2048, 4096].map((n) => one(`matmul ${n}`, n, n, n, true)),
    ...FLOW_POINTS.map((m) => one(`matmul ${m}x${HIDDEN}x${HIDDEN}`, m, HIDDEN, HIDDEN)),
  ];
}

/** Eight, 32, 128 and 512 people of 17 joints. */
const FLOW_POINTS = [136, 544, 2176, 8704];

const DIRECTIONS = [
  ['conv2d', 'forward'],
  ['conv2dInput', 'dX'],
  ['conv2dWeight', 'dW'],
] as const;

function convolutions(): Row[] {
  const resnet18 = resnetConvs().map(({ x, filter, attrs }) => conv(x, filter, attrs.stride, attrs.padding, 1));
  const depthwise = [conv([8, 32, 32, 64], [3, 3, 1, 64], 1, 1, 64), conv([8, 16, 16, 256], [3, 3, 1, 256], 1, 1, 256)];
  const gradients = (c: Convolution, gpuOnly: boolean) =>
    DIRECTIONS.map(([kind, family]) =>
      row(`${kind} ${c.name}`, family, { ...c.work, kind }, c.flop, c.floats, gpuOnly),
    );
  const transposed = [
    conv([8, 8, 8, 256], [4, 4, 256, 256], 2, 1, 1),
    conv([8, 16, 16, 256], [4, 4, 256, 256], 2, 1, 1),
  ];
  return [
    ...[...resnet18, ...depthwise].flatMap((c) => gradients(c, false)),
    // The transposed convolution from y to x.
    ...transposed.map((c) => {
      const work = { ...c.work, kind: 'convTranspose2d', x: c.work.y, y: c.work.x } as const;
      return row(`convTranspose2d ${work.x.join('x')} 4x4/2 256`, 'forward', work, c.flop, c.floats);
    }),
    ...resnet50Convs().flatMap((c) => gradients(c, true)),
  ];
}

interface Convolution {
  readonly name: string;
  readonly work: Omit<ConvWork, 'kind'>;
  readonly flop: number;
  readonly floats: number;
}

function conv(x: Shape, filter: Shape, stride: number, padding: number, groups: number): Convolution {
  const spec = (shape: Shape) => ({ shape, dtype: 'float32' }) as const;
  const geometry = forwardGeometry('bench', spec(x), spec(filter), { ...CONV_DEFAULTS, stride, padding, groups });
  const y = outputShape(geometry);
  return {
    name: `${x.join('x')} ${filter[0]}x${filter[1]}${stride > 1 ? `/${stride}` : ''} ${groups > 1 ? 'depthwise' : filter[3]}`,
    work: { x, filter, y, stride, padding, groups },
    flop: convFlop(geometry),
    floats: sizeOf(x) + sizeOf(filter) + sizeOf(y),
  };
}

/** The distinct convolutions of ResNet-50 on 32 images of 256x192. */
function resnet50Convs(): Convolution[] {
  const at = (divisor: number, inC: number, side: number, outC: number, stride = 1) =>
    conv([32, 256 / divisor, 192 / divisor, inC], [side, side, inC, outC], stride, (side - 1) / 2, 1);
  const stages = [0, 1, 2, 3].flatMap((i) => {
    const planes = 64 * 2 ** i;
    const inputs = i === 0 ? 64 : 2 * planes;
    const after = 4 * 2 ** i;
    const before = i === 0 ? after : after / 2;
    const first = [at(before, inputs, 1, planes), at(before, inputs, 1, 4 * planes, i === 0 ? 1 : 2)];
    const strided = i === 0 ? [] : [at(before, planes, 3, planes, 2)];
    return [
      ...first,
      ...strided,
      at(after, planes, 3, planes),
      at(after, planes, 1, 4 * planes),
      at(after, 4 * planes, 1, planes),
    ];
  });
  const distinct = new Map([at(1, 3, 7, 64, 2), ...stages].map((c) => [c.name, c]));
  return [...distinct.values()];
}

/**
 * Per value there are two passes forward and two backward, each of a few operations. x, y, g and dx cross memory, x and g
 * twice.
 */
function norms(): Row[] {
  const one = (x: Shape, relu: boolean) =>
    row(
      `batchNorm${relu ? 'Relu' : ''} ${x.join('x')}`,
      'batch norm',
      { kind: 'batchNorm', x, relu },
      14 * sizeOf(x),
      6 * sizeOf(x),
    );
  const [rows, columns] = [136, 64 * 48];
  return [
    one([8, 32, 32, 64], true),
    one([8, 16, 16, 64], true),
    one([8, 16, 16, 64], false),
    one([8, 4, 4, 256], true),
    row(
      `softmax ${rows} maps of 64x48`,
      'softmax',
      { kind: 'softmax', rows, columns },
      5 * rows * columns,
      2 * rows * columns,
    ),
  ];
}

function flows(): Row[] {
  const flop = (points: number) => WITH_GRADIENTS * points * FLOW_FLOP;
  const floats = (points: number) => 2 * FLOW_WEIGHTS + 4 * points;
  return [
    ...FLOW_POINTS.map((points) =>
      row(`flow log_prob ${points} points`, 'flow', { kind: 'flow', points }, flop(points), floats(points)),
    ),
    row('rle 32x17', 'RLE', { kind: 'rle', batch: 32, joints: 17 }, flop(544), floats(544)),
  ];
}

/** Reads parameter, gradient and moments, writes all but the gradient. */
function adam(): Row {
  return row('adam ResNet-18', 'Adam', { kind: 'adam', width: 64 }, 12 * RESNET18_WEIGHTS, 7 * RESNET18_WEIGHTS);
}

function steps(): Row[] {
  const one = (name: string, work: Omit<StepWork, 'kind'>, gpuOnly = false) => {
    const flop = WITH_GRADIENTS * work.batch * (resnetFlop(work) + work.joints * FLOW_FLOP);
    return row(name, 'step', { kind: 'step', ...work }, flop, 0, gpuOnly);
  };
  const slim = { depth: 18, width: 32, stem: 3, batch: 32, size: [64, 64], joints: 14 } as const;
  const full = { depth: 18, width: 64, stem: 7, batch: 8, size: [64, 64], joints: 17 } as const;
  return [
    one('step slim ResNet-18, 32 of 64x64', slim),
    one('step ResNet-18, 8 of 64x64', full),
    one('step ResNet-50, 32 of 256x192', { ...full, depth: 50, batch: 32, size: [256, 192] }, true),
  ];
}

/** A residual block: its path, the stride of its `strided`-th convolution, and how many convolutions it has. */
export interface Block {
  readonly name: string;
  readonly stage: number;
  readonly stride: 1 | 2;
  readonly units: 2 | 3;
  readonly strided: 1 | 2;
}

/** The blocks of a ResNet under torchvision's names, for those who build it in another library. */
export function blocksOf({ depth }: Pick<StepWork, 'depth'>): Block[] {
  const [counts, units, strided] = depth === 18 ? ([[2, 2, 2, 2], 2, 1] as const) : ([[3, 4, 6, 3], 3, 2] as const);
  return counts.flatMap((count, stage) =>
    Array.from({ length: count }, (_, b) => {
      const stride = b === 0 && stage > 0 ? 2 : 1;
      return { name: `layer${stage + 1}.${b}`, stage, stride, units, strided };
    }),
  );
}

/** Convolutions of one image, forward. */
function resnetFlop({ depth, width, stem, size: [height, columns] }: Omit<StepWork, 'kind'>): number {
  const macs = (divisor: number, side: number, inC: number, outC: number) =>
    (height / divisor) * (columns / divisor) * side * side * inC * outC;
  let total = macs(2, stem, 3, width);
  let channels = width;
  for (const { stage, stride, units } of blocksOf({ depth })) {
    const planes = width * 2 ** stage;
    const out = units === 2 ? planes : 4 * planes;
    const after = 4 * 2 ** stage;
    if (units === 2) total += macs(after, 3, channels, planes) + macs(after, 3, planes, planes);
    else
      total += macs(after / stride, 1, channels, planes) + macs(after, 3, planes, planes) + macs(after, 1, planes, out);
    if (channels !== out) total += macs(after, 1, channels, out);
    channels = out;
  }
  return 2 * total;
}
