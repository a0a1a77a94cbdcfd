import type { Tensor } from '../tensor/tensor.js';
import { eachTensor, type Tree } from '../tensor/tree.js';

/** The number of elements in all tensors of a tree. */
export function parameterCount(tree: Tree): number {
  let count = 0;
  eachTensor(tree, (t) => {
    count += t.size;
  });
  return count;
}

/** The tensors of a tree by their dotted paths, PyTorch's state-dict names, in the order of the keys. */
export function namedTensors(tree: Tree): Map<string, Tensor> {
  const named = new Map<string, Tensor>();
  eachTensor(tree, (t, path) => named.set(path, t));
  return named;
}
