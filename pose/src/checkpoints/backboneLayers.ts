import { resnet } from 'wgrad/nn';
import type { BackboneShape, ResnetShape } from './backboneShape.js';
import { hrnetLayers } from './hrnetLayers.js';
import type { Layers } from './layers.js';
import { mobilenetLayers } from './mobilenetLayers.js';
import { residualLayers } from './residualLayers.js';

/** Calls `layers` for each layer of a backbone, in order; returns its features. */
export function backboneLayers<X>(layers: Layers<X>, shape: BackboneShape, images: X): X {
  switch (shape.kind) {
    case 'resnet':
      return resnetLayers(layers, shape, images);
    case 'mobilenetv2':
      return mobilenetLayers(layers, shape, images);
    case 'hrnet':
      return hrnetLayers(layers, shape, images);
  }
}

/** The layers of `nn/resnet`. */
function resnetLayers<X>(layers: Layers<X>, { depth, width, stem }: ResnetShape, images: X): X {
  const { blocks, bottleneck } = resnet.DEPTHS[depth];
  const first = { inputs: 3, outputs: width, side: stem, stride: 2 };
  let x = layers.maxPool(layers.relu(layers.convNorm(images, 'preact.conv1', 'preact.bn1', first)));
  let inputs = width;
  resnet.STAGES.forEach((stage, i) => {
    const planes = width * 2 ** i;
    for (let b = 0; b < blocks[i]; b++) {
      const stride = b === 0 && i > 0 ? 2 : 1;
      x = residualLayers(layers, x, `preact.${stage}.${b}`, { inputs, planes, stride, bottleneck });
      inputs = bottleneck ? 4 * planes : planes;
    }
  });
  return x;
}
