import type { ExpectedShapes } from 'wgrad/io';
import { backboneLayers } from './backboneLayers.js';
import { type BackboneShape, backboneOf, describeBackbone } from './backboneShape.js';
import { type HeatmapShape, heatmapLayers } from './heatmapLayers.js';
import type { NamedState } from './naming.js';
import { ShapeTable } from './shapeTable.js';

/** The flows that a regressor may carry: the official 3-D model has one for joints with a depth and one for others. */
export const FLOWS = ['flow', 'flow2d', 'flow3d'] as const;

export interface FlowShape {
  readonly name: (typeof FLOWS)[number];
  readonly dims: number;
  readonly couplings: number;
  readonly hidden: number;
}

/** What a state dict under own names is a network of, told by its names and shapes. */
export interface Architecture {
  /** Absent where wgrad does not know the backbone. */
  readonly backbone?: BackboneShape;
  /** Coordinates by a layer, with sigmas (`rle`) or without, or heatmaps. */
  readonly head: 'rle' | 'regression' | 'heatmap' | 'none';
  /** Of a heatmap head. */
  readonly maps?: HeatmapShape;
  /** Whether there is a sigma for each coordinate. */
  readonly sigma: boolean;
  /** K; 0 without a head. */
  readonly joints: number;
  /** D. */
  readonly dims: number;
  readonly flows: readonly FlowShape[];
  /** Of a backbone that still classifies, how many classes. */
  readonly classes?: number;
}

/**
 * Reads the network off its state dict; `checkState` against `shapesOf` then says whether all of it is there.
 * @param least of the coordinates of a joint, which shapes do not tell where there is no flow
 */
export function architectureOf(own: NamedState, least = 2): Architecture {
  const flows = FLOWS.flatMap((name) => flowOf(own, name));
  const dims = Math.max(least, ...flows.map((flow) => flow.dims));
  const rows = (own.get('fc_coord.linear.weight') ?? own.get('fc_sigma.linear.weight'))?.shape[0];
  const maps = own.get('final_layer.weight')?.shape[0];
  const backbone = backboneOf(own);
  const sigma = [...own.keys()].some((name) => name.startsWith('fc_sigma.') || name.startsWith('flow'));
  const regression = rows === undefined ? 'none' : 'regression';
  const direct = sigma ? 'rle' : regression;
  const classes = CLASSES.map((name) => own.get(name)?.shape[0]).find(Boolean);
  return {
    ...(backbone && { backbone }),
    head: maps === undefined ? direct : 'heatmap',
    ...(maps !== undefined && { maps: heatmapOf(own) }),
    sigma,
    // At least one, so that a layer of too few rows is found to be misshapen.
    joints: maps ?? (rows === undefined ? 0 : Math.max(1, Math.floor(rows / dims))),
    dims,
    flows,
    ...(classes && { classes }),
  };
}

function heatmapOf(own: NamedState): HeatmapShape {
  const names = [...own.keys()].filter((name) => /^deconv_layers\.\d+\.weight$/.test(name));
  return {
    // A transposed convolution and its batch norm have a weight each.
    doublings: Math.ceil(names.length / 2),
    channels: own.get('deconv_layers.0.weight')?.shape[1] ?? 256,
  };
}

function flowOf(own: NamedState, name: FlowShape['name']): FlowShape[] {
  const first = own.get(`${name}.t.0.0.weight`)?.shape;
  if (first?.length !== 2) return [];
  const layer = new RegExp(`^${name}\\.[ts]\\.(\\d+)\\.`);
  const indices = [...own.keys()].map((key) => Number(layer.exec(key)?.[1] ?? -1));
  return [{ name, dims: first[1], couplings: Math.max(...indices) + 1, hidden: first[0] }];
}

/** The shape of each tensor of a network, under own names and in PyTorch's layouts. */
export function shapesOf({ backbone, head, maps, sigma, joints, dims, flows }: Architecture): ExpectedShapes {
  const table = new ShapeTable();
  if (backbone) {
    const { channels } = backbone;
    const features = backboneLayers(table, backbone, null);
    if (maps) heatmapLayers(table, features, maps, channels, joints);
    else if (head !== 'none') table.linear(null, 'fc_coord.linear', channels, joints * dims);
    if (sigma) table.linear(null, 'fc_sigma.linear', channels, joints * dims);
  }
  for (const { name, dims: d, couplings, hidden } of flows) {
    for (let i = 0; i < couplings; i++) {
      for (const net of ['t', 's']) {
        table.linear(null, `${name}.${net}.${i}.0`, d, hidden);
        table.linear(null, `${name}.${net}.${i}.2`, hidden, hidden);
        table.linear(null, `${name}.${net}.${i}.4`, hidden, d);
      }
    }
  }
  return table.shapes;
}

/**
 * What a backbone trained to classify has besides: the last layers of torchvision's networks, and of an HRNet also the lower
 * resolutions of its last exchange, or mmpretrain's neck.
 */
const CLASSIFIER =
  /^preact\.(fc|classifier|incre_modules|downsamp_modules|final_layer|neck)\.|^preact\.stage4\.2\.fuse_layers\.[1-3]\./;

/** The layer of the classes in a ResNet, an HRNet and a MobileNetV2. */
const CLASSES = ['preact.fc.weight', 'preact.classifier.weight', 'preact.classifier.1.weight'];

/** Whether an own name belongs to a backbone's past as a classifier, which no pose network has. */
export function isClassifier(name: string): boolean {
  return CLASSIFIER.test(name);
}

/** Names that a file may lack or have besides: counters that older files lack, what is left of a classifier. */
export function isOptional(name: string): boolean {
  return name.endsWith('.num_batches_tracked') || isClassifier(name);
}

/** The network in words: `ResNet-50, RLE head of 17 joints in 2-D, flow`. */
export function describeArchitecture(architecture: Architecture): string {
  const { backbone, head, maps, sigma, joints, dims, flows, classes } = architecture;
  const body = backbone ? describeBackbone(backbone) : 'another backbone than ResNet, MobileNetV2 or HRNet';
  const noHead = classes === undefined ? 'no head' : `classifier of ${classes} classes`;
  const kind = { rle: 'RLE head', regression: 'regression head', heatmap: 'heatmap head', none: noHead }[head];
  const size = joints > 0 ? ` of ${joints} joints in ${dims}-D` : '';
  const raised = maps && maps.doublings > 0 ? ` with ${maps.doublings} transposed convolutions` : '';
  const sigmas = maps && sigma ? ['sigmas'] : [];
  return [body, kind + size + raised, ...sigmas, ...flows.map(({ name }) => name)].join(', ');
}
