import { DEPTHS, type Depth, STAGES } from '../../nn/resnet.js';
import type { NamedState } from './naming.js';

export interface ResnetShape {
  readonly depth: Depth;
  /** Channels of the first stage; 64 as published. */
  readonly width: number;
  /** Side of the first kernel. */
  readonly stem: number;
  /** Channels of the features. */
  readonly channels: number;
}

/** The ResNet below `preact.` that comes closest to the blocks of a state dict; undefined where there are none. */
export function resnetOf(own: NamedState): ResnetShape | undefined {
  const [width, , stem] = own.get('preact.conv1.weight')?.shape ?? [];
  const blocks = STAGES.map((stage) => blocksIn(own, `preact.${stage}.`));
  if (!width || !stem || blocks.every((count) => count === 0)) return undefined;
  const bottleneck = [...own.keys()].some((name) => /^preact\.layer\d\.\d+\.conv3\./.test(name));
  const distance = (depth: Depth) =>
    DEPTHS[depth].blocks.reduce((sum: number, count, i) => sum + Math.abs(count - blocks[i]), 0);
  const depths = (Object.keys(DEPTHS).map(Number) as Depth[]).filter((d) => DEPTHS[d].bottleneck === bottleneck);
  const depth = depths.reduce((best, d) => (distance(d) < distance(best) ? d : best));
  return { depth, width, stem, channels: width * (bottleneck ? 32 : 8) };
}

function blocksIn(own: NamedState, prefix: string): number {
  const indices = [...own.keys()].filter((name) => name.startsWith(prefix)).map((n) => n.slice(prefix.length));
  return new Set(indices.map((rest) => rest.split('.')[0])).size;
}

/** The shapes of torchvision's state dict without `fc`, in PyTorch's layouts. */
export function resnetShapes({ depth, width, stem }: ResnetShape): Map<string, readonly number[]> {
  const { blocks, bottleneck } = DEPTHS[depth];
  const shapes = new Map<string, readonly number[]>();
  const convNorm = (conv: string, bn: string, inputs: number, outputs: number, side: number) => {
    shapes.set(`${conv}.weight`, [outputs, inputs, side, side]);
    for (const name of ['weight', 'bias', 'running_mean', 'running_var']) shapes.set(`${bn}.${name}`, [outputs]);
    shapes.set(`${bn}.num_batches_tracked`, []);
  };
  convNorm('conv1', 'bn1', 3, width, stem);
  let channels = width;
  STAGES.forEach((stage, i) => {
    const planes = width * 2 ** i;
    const outputs = bottleneck ? 4 * planes : planes;
    for (let b = 0; b < blocks[i]; b++) {
      const block = `${stage}.${b}`;
      const sides = bottleneck ? [1, 3, 1] : [3, 3];
      sides.forEach((side, u) => {
        const last = u === sides.length - 1;
        const inputs = u === 0 ? channels : planes;
        convNorm(`${block}.conv${u + 1}`, `${block}.bn${u + 1}`, inputs, last ? outputs : planes, side);
      });
      if (b === 0 && (i > 0 || channels !== outputs)) {
        convNorm(`${block}.downsample.0`, `${block}.downsample.1`, channels, outputs, 1);
      }
      channels = outputs;
    }
  });
  return shapes;
}
