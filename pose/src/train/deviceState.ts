import { Tensor } from 'wgrad';
import {
  type ArrayData,
  type ExpectedShapes,
  fromTorchLayout,
  type StateDict,
  type StateTensor,
  toTorchLayout,
} from 'wgrad/io';

/**
 * The tensors and counters of a tree by their paths, in PyTorch's layouts. A counter, such as `num_batches_tracked`,
 * becomes a scalar of 64-bit integers as in PyTorch; float64 stays float64, so that no bit is lost.
 */
export async function download(tree: unknown): Promise<StateDict> {
  const leaves = leavesOf(tree);
  const arrays = await Promise.all(
    leaves.map(async ([, leaf]) => (leaf instanceof Tensor ? leaf.data() : count(leaf))),
  );
  const state: StateDict = new Map(
    leaves.map(([path, leaf], i) => [path, { shape: leaf instanceof Tensor ? leaf.shape : [], data: arrays[i] }]),
  );
  return toTorchLayout(state);
}

/** Overwrites the tensors of a tree with those of the same paths, as far as there are any; counters are replaced. */
export function upload<T>(tree: T, state: ReadonlyMap<string, StateTensor>): T {
  const own = fromTorchLayout(state);
  const put = (node: unknown, path: string): unknown => {
    const found = own.get(path);
    if (node instanceof Tensor) {
      if (found) node.device.write(node, numbers(found.data));
      return node;
    }
    if (typeof node === 'number') return found ? Number(found.data[0]) : node;
    const children = Object.entries(node as object).map(([key, child]) => [key, put(child, join(path, key))]);
    return Array.isArray(node) ? children.map(([, child]) => child) : Object.fromEntries(children);
  };
  return put(tree, '') as T;
}

/** The shape of each path of a tree as `download` would give it, for comparison with a file. */
export function shapesOf(tree: unknown): ExpectedShapes {
  return new Map(
    leavesOf(tree).map(([path, leaf]) => {
      const shape = leaf instanceof Tensor ? leaf.shape : [];
      return [path, shape.length === 4 ? [shape[3], shape[2], shape[0], shape[1]] : shape];
    }),
  );
}

function leavesOf(tree: unknown, path = ''): [path: string, leaf: Tensor | number][] {
  if (tree instanceof Tensor || typeof tree === 'number') return [[path, tree]];
  return Object.entries(tree as object).flatMap(([key, child]) => leavesOf(child, join(path, key)));
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function count(value: number): BigInt64Array {
  return BigInt64Array.of(BigInt(value));
}

function numbers(data: ArrayData): ArrayLike<number> {
  return data instanceof BigInt64Array ? Array.from(data, Number) : data;
}
