import { describe, expect, test } from 'vitest';
import { cpu, Rng, shapesOnly, valueAndGrad } from 'wgrad';
import { namedTensors } from 'wgrad/nn';
import { signedOf } from '../../../test/models/namedWeights.js';
import { norm } from '../../../test/numbers.js';
import { applyModel, initModel, lossOf, type ModelParams } from '../../src/train/model.js';
import { TINY } from './runs.js';

describe('initModel', () => {
  test.each(['resnet50', 'mobilenetv2', 'hrnet-w32'] as const)('makes a %s with either head', (model) => {
    const device = shapesOnly();
    for (const head of ['direct', 'heatmap'] as const) {
      const { params, state } = initModel(device, { ...TINY, model, head }, 14);
      const [{ mu, maps, logit }] = applyModel(params, state, device.zeros([2, 64, 64, 3]), true);
      // Heatmaps of a quarter of the side: what HRNet gives already, three doublings from the others.
      const points = [2, 14, 2];
      const expected = head === 'direct' ? [points, undefined, points] : [undefined, [2, 16, 16, 14], points];
      expect([mu, maps, logit].map((x) => x?.shape)).toEqual(expected);
      const layers = head === 'direct' ? undefined : Object.keys(params.deconv_layers!).length;
      expect(layers).toBe(head === 'direct' ? undefined : model === 'hrnet-w32' ? 0 : 6);
    }
  });

  test.each(['l1', 'rle'] as const)('trains every parameter of an integral head by %s', async (loss) => {
    const device = cpu();
    const config = { ...TINY, head: 'integral', loss } as const;
    const { params, state } = initModel(device, config, 3);
    const images = device.tensor(signedOf('images', [4, 32, 32, 3]), [4, 32, 32, 3]);
    const rng = new Rng(5);
    const target = device.tensor(
      Float64Array.from({ length: 24 }, () => rng.uniform() - 0.5),
      [4, 3, 2],
    );
    const step = valueAndGrad((p: ModelParams) => lossOf(config, p, applyModel(p, state, images, true)[0], { target }));
    const [value, gradient] = step(params);
    expect(Number.isFinite(await value.item())).toBe(true);
    for (const [path, g] of namedTensors(gradient)) {
      // A flow's masks leave parts of its layers without effect, but no layer.
      expect(norm(await g.data()), path).toBeGreaterThan(0);
    }
  });
});
