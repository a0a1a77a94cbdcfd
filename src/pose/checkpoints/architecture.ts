import type { ExpectedShapes } from '../../io/stateDict.js';
import type { Depth } from '../../nn/resnet.js';
import type { NamedState } from './naming.js';
import { type ResnetShape, resnetOf, resnetShapes } from './resnetShapes.js';

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
  /** Absent where the backbone is no ResNet, or a ResNet that wgrad does not know. */
  readonly resnet?: ResnetShape;
  readonly head: 'rle' | 'regression' | 'heatmap' | 'none';
  /** K; 0 without a head. */
  readonly joints: number;
  /** D. */
  readonly dims: number;
  readonly flows: readonly FlowShape[];
}

/** Reads the network off its state dict; `checkState` against `shapesOf` then says whether all of it is there. */
export function architectureOf(own: NamedState): Architecture {
  const flows = FLOWS.flatMap((name) => flowOf(own, name));
  const dims = Math.max(2, ...flows.map((flow) => flow.dims));
  const rows = (own.get('fc_coord.linear.weight') ?? own.get('fc_sigma.linear.weight'))?.shape[0];
  const maps = own.get('final_layer.weight')?.shape[0];
  const resnet = resnetOf(own);
  const regression = rows === undefined ? 'none' : 'regression';
  return {
    ...(resnet && { resnet }),
    head: isRle(own) ? 'rle' : maps !== undefined ? 'heatmap' : regression,
    // At least one, so that a layer of too few rows is found to be misshapen.
    joints: maps ?? (rows === undefined ? 0 : Math.max(1, Math.floor(rows / dims))),
    dims,
    flows,
  };
}

function isRle(own: NamedState): boolean {
  return [...own.keys()].some((name) => name.startsWith('fc_sigma.') || name.startsWith('flow'));
}

function flowOf(own: NamedState, name: FlowShape['name']): FlowShape[] {
  const first = own.get(`${name}.t.0.0.weight`)?.shape;
  if (first?.length !== 2) return [];
  const layer = new RegExp(`^${name}\\.[ts]\\.(\\d+)\\.`);
  const indices = [...own.keys()].map((key) => Number(layer.exec(key)?.[1] ?? -1));
  return [{ name, dims: first[1], couplings: Math.max(...indices) + 1, hidden: first[0] }];
}

/** The shape of each tensor of a network, under own names and in PyTorch's layouts; without heatmap heads. */
export function shapesOf({ resnet, head, joints, dims, flows }: Architecture): ExpectedShapes {
  const shapes = new Map<string, readonly number[]>();
  const linear = (name: string, outputs: number, inputs: number) => {
    shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
  };
  if (resnet) for (const [name, shape] of resnetShapes(resnet)) shapes.set(`preact.${name}`, shape);
  if (resnet && (head === 'rle' || head === 'regression')) {
    linear('fc_coord.linear', joints * dims, resnet.channels);
    if (head === 'rle') linear('fc_sigma.linear', joints * dims, resnet.channels);
  }
  for (const { name, dims: d, couplings, hidden } of flows) {
    for (let i = 0; i < couplings; i++) {
      for (const net of ['t', 's']) {
        linear(`${name}.${net}.${i}.0`, hidden, d);
        linear(`${name}.${net}.${i}.2`, hidden, hidden);
        linear(`${name}.${net}.${i}.4`, d, hidden);
      }
    }
  }
  return shapes;
}

/** Names that a file may lack or have besides: counters that older files lack, torchvision's classifier, heatmap heads. */
export function isOptional(name: string): boolean {
  return name.endsWith('.num_batches_tracked') || /^preact\.fc\.|^(deconv_layers|final_layer)\./.test(name);
}

/** The network in words: `ResNet-50, RLE head of 17 joints in 2-D, flow`. */
export function describeArchitecture({ resnet, head, joints, dims, flows }: Architecture): string {
  const slim = resnet && (resnet.width !== 64 || resnet.stem !== 7);
  const detail = slim ? ` of width ${resnet.width} with a ${resnet.stem}x${resnet.stem} stem` : '';
  const backbone = resnet ? `ResNet-${resnet.depth satisfies Depth}${detail}` : 'another backbone than a ResNet';
  const kind = { rle: 'RLE head', regression: 'regression head', heatmap: 'heatmap head', none: 'no head' }[head];
  const size = joints > 0 ? ` of ${joints} joints in ${dims}-D` : '';
  return [backbone, kind + size, ...flows.map(({ name }) => name)].join(', ');
}
