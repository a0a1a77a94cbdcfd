import { divisible, STAGES } from '../backbones/mobilenetV2.js';
import type { MobilenetShape } from './backboneShape.js';
import type { Layers } from './layers.js';

/** The layers of `nn/mobilenetV2`. */
export function mobilenetLayers<X>(layers: Layers<X>, { width, channels }: MobilenetShape, images: X): X {
  const unit = (x: X, name: string, inputs: number, outputs: number, spec: { side: number; stride?: number }) =>
    layers.relu6(layers.convNorm(x, `${name}.0`, `${name}.1`, { inputs, outputs, ...spec }));
  let inputs = divisible(32 * width);
  let x = unit(images, 'preact.features.0', 3, inputs, { side: 3, stride: 2 });
  let index = 1;
  for (const [expansion, c, blocks, firstStride] of STAGES) {
    const outputs = divisible(c * width);
    for (let b = 0; b < blocks; b++) {
      const block = `preact.features.${index++}.conv`;
      const stride = b === 0 ? firstStride : 1;
      const hidden = inputs * expansion;
      // An expanding block has a 1x1 unit before the depthwise one.
      const depthwise = expansion === 1 ? 0 : 1;
      const wide = depthwise === 0 ? x : unit(x, `${block}.0`, inputs, hidden, { side: 1 });
      const kernels = { side: 3, stride, depthwise: true };
      const seen = unit(wide, `${block}.${depthwise}`, hidden, hidden, kernels);
      const projection = { inputs: hidden, outputs, side: 1 };
      const y = layers.convNorm(seen, `${block}.${depthwise + 1}`, `${block}.${depthwise + 2}`, projection);
      x = stride === 1 && inputs === outputs ? layers.add(y, x) : y;
      inputs = outputs;
    }
  }
  return unit(x, `preact.features.${index}`, inputs, channels, { side: 1 });
}
