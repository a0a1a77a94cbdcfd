import { type Depth, resnet } from 'wgrad/nn';
import type { NamedState } from './naming.js';

export interface ResnetShape {
  readonly kind: 'resnet';
  readonly depth: Depth;
  /** Channels of the first stage; 64 as published. */
  readonly width: number;
  /** Side of the first kernel. */
  readonly stem: number;
  /** Channels of the features. */
  readonly channels: number;
}

export interface MobilenetShape {
  readonly kind: 'mobilenetv2';
  /** Factor on the published channels. */
  readonly width: number;
  readonly channels: number;
}

export interface HrnetShape {
  readonly kind: 'hrnet';
  /** Channels of the highest resolution; 32 and 48 are published. */
  readonly width: number;
  /** Channels of the first layers; 64 as published. */
  readonly stem: number;
  readonly channels: number;
}

export type BackboneShape = ResnetShape | MobilenetShape | HrnetShape;

/** Channels of MobileNetV2's last block at width 1; at any width they are a multiple of 8. */
const MOBILENET_LAST = 320;

/** Which backbone the names below `preact.` fit best; undefined where they fit none. */
export function backboneOf(own: NamedState): BackboneShape | undefined {
  const names = [...own.keys()];
  if (names.some((name) => name.startsWith('preact.features.'))) {
    const width = outputsOf(own, 'preact.features.17.conv.2.weight', MOBILENET_LAST) / MOBILENET_LAST;
    return { kind: 'mobilenetv2', width, channels: outputsOf(own, 'preact.features.18.0.weight', 1280) };
  }
  if (names.some((name) => name.startsWith('preact.stage2.'))) {
    const width = outputsOf(own, 'preact.transition1.0.0.weight', 32);
    return { kind: 'hrnet', width, stem: outputsOf(own, 'preact.conv1.weight', 64), channels: width };
  }
  return resnetOf(own);
}

function outputsOf(own: NamedState, name: string, usual: number): number {
  return own.get(name)?.shape[0] || usual;
}

function resnetOf(own: NamedState): ResnetShape | undefined {
  const [width, , stem] = own.get('preact.conv1.weight')?.shape ?? [];
  const blocks = resnet.STAGES.map((stage) => blocksIn(own, `preact.${stage}.`));
  if (!width || !stem || blocks.every((count) => count === 0)) return undefined;
  const bottleneck = [...own.keys()].some((name) => /^preact\.layer\d\.\d+\.conv3\./.test(name));
  const distance = (depth: Depth) =>
    resnet.DEPTHS[depth].blocks.reduce((sum: number, count, i) => sum + Math.abs(count - blocks[i]), 0);
  const depths = (Object.keys(resnet.DEPTHS).map(Number) as Depth[]).filter(
    (d) => resnet.DEPTHS[d].bottleneck === bottleneck,
  );
  const depth = depths.reduce((best, d) => (distance(d) < distance(best) ? d : best));
  return { kind: 'resnet', depth, width, stem, channels: width * (bottleneck ? 32 : 8) };
}

function blocksIn(own: NamedState, prefix: string): number {
  const indices = [...own.keys()].filter((name) => name.startsWith(prefix)).map((n) => n.slice(prefix.length));
  return new Set(indices.map((rest) => rest.split('.')[0])).size;
}

/** The backbone in words: `ResNet-50`, `MobileNetV2 of width 0.5`, `HRNet-W32`. */
export function describeBackbone(shape: BackboneShape): string {
  switch (shape.kind) {
    case 'resnet': {
      const isSlim = shape.width !== 64 || shape.stem !== 7;
      const detail = isSlim ? ` of width ${shape.width} with a ${shape.stem}x${shape.stem} stem` : '';
      return `ResNet-${shape.depth}${detail}`;
    }
    case 'mobilenetv2':
      return `MobileNetV2${shape.width === 1 ? '' : ` of width ${shape.width}`}`;
    case 'hrnet':
      return `HRNet-W${shape.width}${shape.stem === 64 ? '' : ` with a stem of ${shape.stem} channels`}`;
  }
}
