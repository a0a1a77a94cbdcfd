import { transient } from '../autograd/tape.js';
import { DataError, ShapeError } from '../errors.js';
import { blend } from '../kernels/optimiser/blend.js';
import { flatArenas } from '../tensor/arena.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import { aliasOf, type Tensor } from '../tensor/tensor.js';
import { eachTensor, mapOnce } from '../tensor/tree.js';

/**
 * Takes one micro-batch into the mean gradient, `mean += (gradients - mean) / count`. The mean of all parts is the gradient
 * of a batch that is too large for the memory, if the loss is a mean over its rows and no batch norm looks across them:
 *
 *     let [loss, mean] = step(params, part(0));
 *     for (let k = 1; k < n; k++) mean = averageGradients(mean, step(params, part(k))[1], k + 1);
 *     [params, state] = adam.step(params, mean, state, options);
 *
 * Works in place, in one dispatch per arena: the handles of `mean` die, `gradients` are disposed of.
 *
 * @param count how many micro-batches the result stands for, `gradients` included: 2 for the second
 * @throws ShapeError if the trees are not alike; DataError if count is no integer >= 2
 */
export function averageGradients<P>(mean: P, gradients: P, count: number): P {
  if (!Number.isInteger(count) || count < 2) {
    throw new DataError(
      `averageGradients: count must be an integer >= 2, got ${count}; the mean of the first part is its gradients`,
    );
  }
  const pairs = pairUp(mean, gradients);
  const next = mapOnce(mean, (t) => aliasOf(t));
  transient(() => {
    const means = pairs.map(([m]) => m);
    const [flatMeans, flatGradients] = [flatArenas(means), flatArenas(pairs.map(([, g]) => g))];
    const isFlat = flatMeans && flatGradients;
    // If one of the trees does not lie in arenas, its tensors are updated one by one.
    const targets = isFlat ? flatMeans : means.map((t) => aliasOf(t));
    targets.forEach((target, k) => {
      blend(target, isFlat ? flatGradients[k] : pairs[k][1], { share: 1 / count });
    });
  });
  for (const [m, g] of pairs) {
    m.donate('averageGradients');
    g.dispose();
  }
  return next;
}

function pairUp(mean: unknown, gradients: unknown): [mean: Tensor, gradient: Tensor][] {
  const byPath = new Map<string, Tensor>();
  eachTensor(gradients, (g, path) => byPath.set(path, g));
  const pairs = new Map<Tensor, Tensor>();
  let leaves = 0;
  eachTensor(mean, (m, path) => {
    const g = byPath.get(path);
    if (!g || !sameShape(g.shape, m.shape)) {
      const got = g ? `is ${formatShape(g.shape)}` : 'is missing';
      throw new ShapeError(
        `averageGradients: the gradient of '${path}' ${got}, the mean is ${formatShape(m.shape)}; ` +
          'pass gradients of the same parameters',
      );
    }
    m.assertDonatable('averageGradients');
    g.assertLive('averageGradients');
    pairs.set(m, g); // a tied parameter stands at several paths and has one gradient
    leaves++;
  });
  if (leaves === byPath.size) return [...pairs];
  throw new ShapeError(`averageGradients: ${byPath.size} gradients for a mean of ${leaves}; their trees must be alike`);
}
