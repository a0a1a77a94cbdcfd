import { BLOCKS } from '../backbones/hrModule.js';
import { MODULES } from '../backbones/hrnet.js';
import type { HrnetShape } from './backboneShape.js';
import type { Layers } from './layers.js';
import { residualLayers } from './residualLayers.js';

const PREFIX = 'preact.';

/** The layers of `nn/hrnet`: the features are those of the highest resolution. */
export function hrnetLayers<X>(layers: Layers<X>, { width, stem }: HrnetShape, images: X): X {
  const widths = [width, 2 * width, 4 * width, 8 * width];
  const unit = (x: X, conv: string, norm: string, inputs: number, outputs: number, stride: number) =>
    layers.relu(layers.convNorm(x, PREFIX + conv, PREFIX + norm, { inputs, outputs, side: 3, stride }));
  /** The unit of a transition, to a lower resolution with a level of names more. */
  const transition = (x: X, name: string, inputs: number, outputs: number, stride: number) =>
    unit(x, `${name}.0`, `${name}.1`, inputs, outputs, stride);

  let x = unit(images, 'conv1', 'bn1', 3, stem, 2);
  x = unit(x, 'conv2', 'bn2', stem, stem, 2);
  for (let b = 0; b < BLOCKS; b++) {
    const inputs = b === 0 ? stem : 4 * stem;
    x = residualLayers(layers, x, `${PREFIX}layer1.${b}`, { inputs, planes: stem, stride: 1, bottleneck: true });
  }
  let branches = [
    transition(x, 'transition1.0', 4 * stem, widths[0], 1),
    transition(x, 'transition1.1.0', 4 * stem, widths[1], 2),
  ];
  for (const stage of [2, 3, 4] as const) {
    if (stage > 2) {
      const lowest = branches.length;
      const lower = transition(
        branches[lowest - 1],
        `transition${stage - 1}.${lowest}.0`,
        widths[lowest - 1],
        widths[lowest],
        2,
      );
      branches = [...branches, lower];
    }
    const count = MODULES[`stage${stage}`];
    for (let m = 0; m < count; m++) {
      const outputs = stage === 4 && m === count - 1 ? 1 : branches.length;
      branches = moduleLayers(layers, branches, `${PREFIX}stage${stage}.${m}`, widths, outputs);
    }
  }
  return branches[0];
}

/** The layers of `nn/hrModule`: blocks of each branch, then the paths from each branch to each output. */
function moduleLayers<X>(
  layers: Layers<X>,
  xs: readonly X[],
  name: string,
  widths: readonly number[],
  outputs: number,
): X[] {
  const branches = xs.map((x, j) => {
    const shape = { inputs: widths[j], planes: widths[j], stride: 1, bottleneck: false };
    let h = x;
    for (let b = 0; b < BLOCKS; b++) h = residualLayers(layers, h, `${name}.branches.${j}.${b}`, shape);
    return h;
  });
  return Array.from({ length: outputs }, (_, i) => {
    const terms = branches.map((x, j) => {
      const path = `${name}.fuse_layers.${i}.${j}`;
      if (j === i) return x;
      if (j < i) return loweringLayers(layers, x, path, widths[j], widths[i], i - j);
      const narrow = { inputs: widths[j], outputs: widths[i], side: 1 };
      return layers.repeat(layers.convNorm(x, `${path}.0`, `${path}.1`, narrow), 2 ** (j - i));
    });
    return layers.relu(terms.reduce((sum, term) => layers.add(sum, term)));
  });
}

/** As many strided units as there are halvings, with ReLU between; the last one changes the channels. */
function loweringLayers<X>(
  layers: Layers<X>,
  x: X,
  path: string,
  inputs: number,
  outputs: number,
  halvings: number,
): X {
  let h = x;
  for (let k = 0; k < halvings; k++) {
    const last = k === halvings - 1;
    const spec = { inputs, outputs: last ? outputs : inputs, side: 3, stride: 2 };
    h = layers.convNorm(h, `${path}.${k}.0`, `${path}.${k}.1`, spec);
    if (!last) h = layers.relu(h);
  }
  return h;
}
