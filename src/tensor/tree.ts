import { Tensor } from './tensor.js';

/** Nested records and arrays whose leaves are tensors; other leaves (numbers, strings, null) pass through untouched. */
export type Tree = unknown;

/** Calls `visit(tensor, path)` for every tensor leaf, in the order of the keys; the path is joined with dots. */
export function eachTensor(tree: Tree, visit: (tensor: Tensor, path: string) => void, path = ''): void {
  if (tree instanceof Tensor) {
    visit(tree, path);
  } else if (Array.isArray(tree) || isRecord(tree)) {
    for (const [key, child] of Object.entries(tree)) eachTensor(child, visit, path === '' ? key : `${path}.${key}`);
  }
}

/** Calls `visit(leaf, path)` for every leaf, tensor or not, in the order of the keys. */
export function eachLeaf(tree: Tree, visit: (leaf: unknown, path: string) => void, path = ''): void {
  if (tree instanceof Tensor || !(Array.isArray(tree) || isRecord(tree))) visit(tree, path);
  else for (const [key, child] of Object.entries(tree)) eachLeaf(child, visit, path === '' ? key : `${path}.${key}`);
}

/** A tree of the same nesting with every tensor leaf replaced by `map(tensor, path)`. */
export function mapTensors<T>(tree: T, map: (tensor: Tensor, path: string) => unknown, path = ''): T {
  if (tree instanceof Tensor) return map(tree, path) as T;
  const join = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((child, i) => mapTensors(child, map, join(i))) as T;
  if (isRecord(tree)) {
    return Object.fromEntries(
      Object.entries(tree).map(([key, child]) => [key, mapTensors(child, map, join(key))]),
    ) as T;
  }
  return tree;
}

/** @internal A tree whose every tensor is replaced, one that stands in several places by the same. */
export function mapOnce<T>(tree: T, map: (t: Tensor) => Tensor): T {
  const made = new Map<Tensor, Tensor>();
  return mapTensors(tree, (t) => {
    const known = made.get(t) ?? map(t);
    made.set(t, known);
    return known;
  });
}

/** The tensor leaves in the order of the keys. */
export function tensorsOf(tree: Tree): Tensor[] {
  const out: Tensor[] = [];
  collect(tree, out);
  return out;
}

/** Apart from `eachTensor`: a step asks for the leaves of its trees a dozen times, and most of that would go into paths. */
function collect(tree: Tree, out: Tensor[]): void {
  if (tree instanceof Tensor) out.push(tree);
  else if (Array.isArray(tree)) for (const child of tree) collect(child, out);
  else if (isRecord(tree)) for (const key in tree) collect(tree[key], out);
}

/** True for what a tree nests in, besides arrays: plain records, not instances of classes. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const proto = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}
