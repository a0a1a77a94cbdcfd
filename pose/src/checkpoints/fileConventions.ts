import { DataError } from 'wgrad';
import { PADDING } from '../crop.js';
import type { WeightsFile } from '../formats/weightsFile.js';
import { DEPTH_UNIT } from '../targets.js';
import { IMAGENET_MEAN, IMAGENET_STD } from '../warp.js';
import type { Architecture } from './architecture.js';
import type { Conventions, Rgb } from './conventions.js';
import { configOfMmpose, configOfRun, isInputSize, isWithin, paddingOfRun, sizeOfRun } from './fileConfig.js';
import { mapDecodingOf, parseMapDecoding } from './mapDecoding.js';
import type { NamingName } from './naming.js';

/**
 * ImageNet's means in the order blue, green, red. The official code subtracts them from red, green, blue in this order.
 */
const OFFICIAL_MEAN: Rgb = [0.406, 0.457, 0.48];
const COCO_JOINTS = 17;

const IMAGENET = { mean: IMAGENET_MEAN, std: IMAGENET_STD } as const;
const OFFICIAL_2D: Conventions = {
  size: [256, 192],
  mean: OFFICIAL_MEAN,
  std: [1, 1, 1],
  padding: PADDING,
  origin: 0.5,
  pixel: 0,
  normalise: true,
};
/** Human3.6M: unlike in 2-D, the official code divides by a standard deviation and does not pad the box. */
const OFFICIAL_3D: Conventions = {
  ...OFFICIAL_2D,
  size: [256, 256],
  std: [0.225, 0.224, 0.229],
  padding: 1,
  depth: DEPTH_UNIT,
};
const MMPOSE: Conventions = { ...OFFICIAL_2D, ...IMAGENET, origin: 0, normalise: false };
/**
 * SimpleBaseline's own code reads images with OpenCV, as blue, green, red, and normalises them with ImageNet's
 * constants for red, green, blue. HRNet's code puts the channels in order.
 */
const SIMPLE_BASELINE: Conventions = {
  ...MMPOSE,
  mean: [...IMAGENET_MEAN].reverse() as unknown as Rgb,
  std: [...IMAGENET_STD].reverse() as unknown as Rgb,
  channels: 'bgr',
};
/** A backbone alone: the classification network's input. */
const TORCHVISION: Conventions = { ...MMPOSE, size: [224, 224], padding: 1 };
/** wgrad's own training: square inputs, coordinates in crop units. */
const WGRAD: Conventions = { ...OFFICIAL_2D, ...IMAGENET, size: [64, 64], pixel: 0.5, normalise: false };

/** D of a file's network, from the file's metadata. @throws DataError as `conventionsOf` */
export function dimsIn({ wgrad, config, conventions }: WeightsFile['metadata'], where: string): 2 | 3 {
  if (conventions !== undefined) return parseConventions(conventions, where).depth === undefined ? 2 : 3;
  return wgrad !== undefined && configOfRun(config).dims === 3 ? 3 : 2;
}

/**
 * The conventions of a file: those that `wgrad-pose convert` wrote into it; otherwise those of the code that named its
 * tensors, with the input size of the configuration if the file has one.
 * @throws DataError where the file's own are damaged
 */
export function conventionsOf(
  naming: NamingName,
  architecture: Architecture,
  { metadata, tensors }: Pick<WeightsFile, 'metadata' | 'tensors'>,
  where: string,
): Conventions {
  const conventions =
    metadata.conventions === undefined
      ? usualConventions(naming, architecture, metadata, where)
      : parseConventions(metadata.conventions, where);
  if (!architecture.maps || conventions.maps) return conventions;
  return { ...conventions, maps: mapDecodingOf(tensors.keys(), metadata) };
}

function usualConventions(
  naming: NamingName,
  { backbone, dims, joints, head, classes }: Architecture,
  metadata: WeightsFile['metadata'],
  where: string,
): Conventions {
  if (metadata.wgrad !== undefined) {
    const { config } = metadata;
    const padding = paddingOfRun(config, where) ?? WGRAD.padding;
    const own = { ...WGRAD, size: sizeOfRun(config, where) ?? WGRAD.size, padding };
    return dims === 3 ? { ...own, depth: DEPTH_UNIT } : own;
  }
  const isBackbone = naming === 'torchvision' || classes !== undefined || (naming === 'microsoft' && head === 'none');
  if (isBackbone) return TORCHVISION;
  if (naming === 'official') return dims === 3 ? OFFICIAL_3D : OFFICIAL_2D;
  // MPII's models have square inputs.
  const usual: Conventions['size'] = joints === COCO_JOINTS ? MMPOSE.size : [256, 256];
  if (naming === 'microsoft') return { ...(backbone?.kind === 'hrnet' ? MMPOSE : SIMPLE_BASELINE), size: usual };
  const config = configOfMmpose(metadata);
  const udp = UDP.test(config);
  return { ...MMPOSE, size: sizeInConfig(config) ?? usual, ...(udp && { udp }) };
}

/** What in a configuration of mmpose means that crops and heatmaps are UDP's. */
const UDP = /\buse_udp\s*=\s*True\b|['"]UDPHeatmap['"]/;

/** The first input size, width before height, in the text of a configuration of mmpose. */
function sizeInConfig(config: string): Conventions['size'] | undefined {
  const found = /\b(?:input_size|image_size)\s*=\s*(?:np\.array\()?[([]\s*(\d+)\s*,\s*(\d+)\s*[)\]]/.exec(config);
  const sides = found && [Number(found[2]), Number(found[1])];
  return isInputSize(sides) ? sides : undefined;
}

function parseConventions(text: string, where: string): Conventions {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${where}: metadata "conventions" is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (isConventions(value)) {
    return value.maps === undefined ? value : { ...value, maps: parseMapDecoding(value.maps, where) };
  }
  throw new DataError(
    `${where}: metadata "conventions" lacks a field or has one of another kind or range; convert it again`,
  );
}

function isConventions(value: unknown): value is Conventions {
  const fields = (value ?? {}) as Partial<Conventions>;
  const { size, mean, std, channels = 'rgb', padding, origin, pixel, udp = false, depth = 1, normalise } = fields;
  const isList = (list: unknown, count: number, low: number, high: number) =>
    Array.isArray(list) && list.length === count && list.every((one) => isWithin(one, low, high));
  return (
    isInputSize(size) &&
    isList(mean, 3, -10, 10) &&
    isList(std, 3, 1e-3, 10) &&
    isWithin(padding, 0.1, 10) &&
    [origin, pixel].every((one) => isWithin(one, -1, 1)) &&
    isWithin(depth, 1e-3, 1e6) &&
    ['rgb', 'bgr'].includes(channels) &&
    [typeof normalise, typeof udp].every((kind) => kind === 'boolean')
  );
}
