import type { BlockOptions } from 'wgrad/nn';
import type { Layers } from './layers.js';

/** The layers of `nn/residualBlock`, `relu(F(x) + shortcut(x))`, the stride on the first 3x3 convolution. */
export function residualLayers<X>(
  layers: Layers<X>,
  x: X,
  block: string,
  { inputs, planes, stride, bottleneck }: Omit<BlockOptions, 'weightInit'>,
): X {
  const outputs = bottleneck ? 4 * planes : planes;
  const sides = bottleneck ? [1, 3, 1] : [3, 3];
  const strided = sides.indexOf(3);
  let h = x;
  sides.forEach((side, u) => {
    const last = u === sides.length - 1;
    h = layers.convNorm(h, `${block}.conv${u + 1}`, `${block}.bn${u + 1}`, {
      inputs: u === 0 ? inputs : planes,
      outputs: last ? outputs : planes,
      side,
      stride: u === strided ? stride : 1,
    });
    if (!last) h = layers.relu(h);
  });
  const projection = { inputs, outputs, side: 1, stride };
  const isProjected = stride !== 1 || inputs !== outputs;
  const shortcut = isProjected ? layers.convNorm(x, `${block}.downsample.0`, `${block}.downsample.1`, projection) : x;
  return layers.relu(layers.add(h, shortcut));
}
