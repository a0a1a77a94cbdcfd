import { DataError } from '../errors.js';
import { isFloat } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { isRecord } from '../tensor/tree.js';
import type { ArrayData } from './dtypes.js';
import type { ExpectedShapes, StateDict, StateTensor } from './stateDict.js';
import { fromTorchLayout, torchShape, toTorchLayout } from './torchLayout.js';

/**
 * The tensors and numbers of a tree by their paths, in PyTorch's names and layouts: filters become OIHW, and whole
 * numbers, such as `num_batches_tracked`, become scalars of 64-bit integers. Elements keep the precision of their device,
 * which is float64 on the reference. Strings, booleans and null are settings and are left out.
 *
 * Names are paths joined with dots. The keys of a record of just `params` and `state`, as `init` of a network returns it,
 * are left out of the paths, because PyTorch has `bn1.weight` beside `bn1.running_mean`.
 *
 * @throws DataError naming a leaf that no file can hold, or a name that two tensors have
 */
export async function downloadState(tree: unknown): Promise<StateDict> {
  const leaves = leavesOf(tree);
  const tensors = await Promise.all([...leaves].map(async ([path, leaf]) => [path, await stored(leaf)] as const));
  return toTorchLayout(new Map(tensors));
}

/**
 * Overwrites each tensor of a tree with the tensor of the same name, where there is one.
 *
 * @returns the tree with these very tensors, and with the numbers of the state dict in place of its own
 */
export function uploadState<T>(tree: T, state: ReadonlyMap<string, StateTensor>): T {
  const own = fromTorchLayout(state);
  return mapLeaves(tree, '', (leaf, path) => {
    const found = own.get(path);
    if (!found) return leaf;
    if (typeof leaf === 'number') return Number(found.data[0]);
    leaf.device.write(leaf, numbers(found.data));
    return leaf;
  }) as T;
}

/** The shape of each name as `downloadState` would give it, for comparison with a file. */
export function stateShapes(tree: unknown): ExpectedShapes {
  const shapes = [...leavesOf(tree)].map(([path, leaf]) => {
    return [path, leaf instanceof Tensor ? torchShape(path, leaf.shape) : []] as const;
  });
  return new Map(shapes);
}

/** @internal The names of integer tensors for which a state dict holds fractions. */
export function fractionalNames(tree: unknown, state: ReadonlyMap<string, StateTensor>): string[] {
  const isFraction = (data: ArrayData | undefined) => data instanceof Float32Array || data instanceof Float64Array;
  return [...leavesOf(tree)].flatMap(([path, leaf]) =>
    leaf instanceof Tensor && !isFloat(leaf) && isFraction(state.get(path)?.data) ? [path] : [],
  );
}

type Leaf = Tensor | number;

function leavesOf(tree: unknown): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  mapLeaves(tree, '', (leaf, path) => {
    if (leaves.has(path)) throw new DataError(`weights: two tensors are named '${path}'; rename a key of the tree`);
    leaves.set(path, leaf);
    return leaf;
  });
  return leaves;
}

function mapLeaves(node: unknown, path: string, map: (leaf: Leaf, path: string) => Leaf): unknown {
  if (node instanceof Tensor || typeof node === 'number') return map(node, path);
  if (node === null || (typeof node !== 'object' && typeof node !== 'function')) return node;
  if (!isRecord(node) && !Array.isArray(node)) {
    const kind = typeof node === 'function' ? 'a function' : `a ${node.constructor?.name}`;
    throw new DataError(`weights: '${path}' is ${kind}; nest tensors in plain records and arrays`);
  }
  const children = Object.entries(node).map(([key, child]) => {
    const below = isNetwork(node) ? path : path === '' ? key : `${path}.${key}`;
    return [key, mapLeaves(child, below, map)] as const;
  });
  return Array.isArray(node) ? children.map(([, child]) => child) : Object.fromEntries(children);
}

function isNetwork(node: object): boolean {
  return 'params' in node && 'state' in node && Object.keys(node).length === 2;
}

async function stored(leaf: Leaf): Promise<StateTensor> {
  if (leaf instanceof Tensor) return { shape: leaf.shape, data: await leaf.data() };
  const data = Number.isInteger(leaf) ? BigInt64Array.of(BigInt(leaf)) : Float64Array.of(leaf);
  return { shape: [], data };
}

function numbers(data: ArrayData): ArrayLike<number> {
  return data instanceof BigInt64Array ? Array.from(data, Number) : data;
}
