import type { ExpectedShapes } from 'wgrad/io';
import { counted } from 'wgrad/io';
import { backboneLayers } from './backboneLayers.js';
import { type BackboneShape, backboneOf, describeBackbone } from './backboneShape.js';
import { type HeatmapShape, heatmapLayers } from './heatmapLayers.js';
import type { NamedState } from './naming.js';
import { ShapeTable } from './shapeTable.js';

/**
 * The names of flows in a checkpoint: the official 3-D model has one for joints with a depth and one for joints
 * without.
 */
export const FLOWS = ['flow', 'flow2d', 'flow3d'] as const;

export interface FlowShape {
  readonly name: (typeof FLOWS)[number];
  readonly dims: number;
  readonly couplings: number;
  readonly hidden: number;
}

/** Which network a state dict under own names belongs to, as its names and shapes tell. */
export interface Architecture {
  /** Absent where wgrad does not know the backbone. */
  readonly backbone?: BackboneShape;
  /** `rle`: a layer gives coordinates, with sigmas; `regression`: a layer, without sigmas; `heatmap`: maps. */
  readonly head: 'rle' | 'regression' | 'heatmap' | 'none';
  /** The size of a heatmap head. */
  readonly maps?: HeatmapShape;
  /** Whether there is a sigma for each coordinate. */
  readonly sigma: boolean;
  /** K, the number of joints; 0 without a head. */
  readonly joints: number;
  /** D, the coordinates of a joint. */
  readonly dims: number;
  readonly flows: readonly FlowShape[];
  /** The number of classes, if the backbone still has its classifier. */
  readonly classes?: number;
}

/**
 * Finds out from a state dict which network it belongs to; `checkState` with `shapesOf` then checks that all tensors
 * are there.
 * @param least the least D; without a flow the shapes do not tell how many coordinates a joint has
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
    // At least one joint, so that a layer of too few rows is reported as misshapen.
    joints: maps ?? (rows === undefined ? 0 : Math.max(1, Math.floor(rows / dims))),
    dims,
    flows,
    ...(classes && { classes }),
  };
}

function heatmapOf(own: NamedState): HeatmapShape {
  const names = [...own.keys()].filter((name) => /^deconv_layers\.\d+\.weight$/.test(name));
  return {
    // The names are those of transposed convolutions and of their batch norms, in turn.
    doublings: Math.ceil(names.length / 2),
    channels: own.get('deconv_layers.0.weight')?.shape[1] ?? 256,
  };
}

function flowOf(own: NamedState, name: FlowShape['name']): FlowShape[] {
  const first = own.get(`${name}.t.0.0.weight`)?.shape;
  if (first?.length !== 2) return [];
  const layer = new RegExp(`^${name}\\.[ts]\\.(\\d+)\\.`);
  // Counted, because a name may hold any number.
  const indices = new Set([...own.keys()].map((key) => layer.exec(key)?.[1]).filter(Boolean));
  return [{ name, dims: first[1], couplings: indices.size, hidden: first[0] }];
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
 * Tensors that a backbone has besides, if it was trained to classify: the last layers of torchvision's networks, for an
 * HRNet also the lower resolutions of its last exchange, and mmpretrain's neck.
 */
const CLASSIFIER =
  /^preact\.(fc|classifier|incre_modules|downsamp_modules|final_layer|neck)\.|^preact\.stage4\.2\.fuse_layers\.[1-3]\./;

/** The layer of the classes in a ResNet, an HRNet and a MobileNetV2. */
const CLASSES = ['preact.fc.weight', 'preact.classifier.weight', 'preact.classifier.1.weight'];

/** Whether an own name belongs to a classifier, which no pose network has. */
export function isClassifier(name: string): boolean {
  return CLASSIFIER.test(name);
}

/** Whether a tensor counts the batches of a batch norm. Files from before PyTorch 0.4.1 have none. */
export function isCounter(name: string): boolean {
  return name.endsWith('.num_batches_tracked');
}

/** The network in words: `ResNet-50, RLE head of 17 joints in 2-D, flow`. */
export function describeArchitecture(architecture: Architecture): string {
  const { backbone, head, maps, sigma, joints, dims, flows, classes } = architecture;
  const body = backbone ? describeBackbone(backbone) : 'another backbone than ResNet, MobileNetV2 or HRNet';
  const noHead = classes === undefined ? 'no head' : `classifier of ${counted(classes, 'class', 'classes')}`;
  const kind = { rle: 'RLE head', regression: 'regression head', heatmap: 'heatmap head', none: noHead }[head];
  const size = joints > 0 ? ` of ${counted(joints, 'joint')} in ${dims}-D` : '';
  const raised = maps && maps.doublings > 0 ? ` with ${counted(maps.doublings, 'transposed convolution')}` : '';
  const sigmas = maps && sigma ? ['sigmas'] : [];
  return [body, kind + size + raised, ...sigmas, ...flows.map(({ name }) => name)].join(', ');
}
