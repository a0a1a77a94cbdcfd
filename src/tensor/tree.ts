import { DeviceError, ShapeError } from '../errors.js';
import { formatShape, isFloat } from './shape.js';
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

/**
 * A tree of the same nesting with every tensor leaf replaced by `map(tensor, path)`.
 *
 * @throws ShapeError that names an object of a class, in which tensors would be overlooked
 */
export function mapTensors<T>(tree: T, map: (tensor: Tensor, path: string) => unknown, path = ''): T {
  if (tree instanceof Tensor) return map(tree, path) as T;
  const join = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((child, i) => mapTensors(child, map, join(i))) as T;
  if (isRecord(tree)) {
    return Object.fromEntries(
      Object.entries(tree).map(([key, child]) => [key, mapTensors(child, map, join(key))]),
    ) as T;
  }
  const what = foreignLeaf(tree);
  if (what) throw new ShapeError(`mapTensors: '${path}' is ${what}, which is passed over; ${AS_RECORD}`);
  return tree;
}

/** How to turn what holds tensors into a tree. */
const AS_RECORD = 'put its tensors into a plain record or an array';

/** @internal Names an object that is neither a tensor nor part of a tree, for an error; undefined for any other leaf. */
export function foreignLeaf(leaf: unknown): string | undefined {
  if (typeof leaf !== 'object' || leaf === null || leaf instanceof Tensor || Array.isArray(leaf) || isRecord(leaf))
    return;
  const { name } = leaf.constructor;
  return 'allocation' in leaf ? `a ${name} of another copy of wgrad` : `a ${name}`;
}

/** @internal Names any value in an error. */
export function nameValue(x: unknown): string {
  if (x instanceof Tensor) return `a tensor ${formatShape(x.shape)}`;
  if (Array.isArray(x)) return `an array of ${x.length}`;
  if (typeof x === 'function') return 'a function';
  if (typeof x === 'string' || typeof x === 'boolean') return `the ${typeof x} ${JSON.stringify(x)}`;
  return foreignLeaf(x) ?? (typeof x === 'object' && x ? 'a record' : String(x));
}

/**
 * @internal The tensors of a tree of parameters, in the order of the keys. Numbers, strings, functions and null pass.
 *
 * @throws ShapeError that names an object of a class, a tensor of integers or of another copy of the package; DeviceError
 *   for a tensor of another device than the first; DisposedError
 */
export function parametersOf(by: string, tree: Tree): Tensor[] {
  const leaves: Tensor[] = [];
  eachLeaf(tree, (leaf, path) => {
    const name = path === '' ? 'params' : `params.${path}`;
    if (!(leaf instanceof Tensor)) {
      const what = foreignLeaf(leaf);
      if (!what) return;
      const remedy = what.includes(' of another copy')
        ? 'the program loads the package twice (see npm ls wgrad); import it from one place'
        : `parameters are tensors in plain records and arrays; ${AS_RECORD}`;
      throw new ShapeError(`${by}: ${name} is ${what}; ${remedy}`);
    }
    leaf.assertLive(by);
    if (!isFloat(leaf)) {
      throw new ShapeError(
        `${by}: ${name} is ${leaf.dtype} ${formatShape(leaf.shape)}, which has no gradient; ` +
          'leave it out of the parameters, or convert it with cast',
      );
    }
    if (leaf.device !== leaves[0]?.device && leaves.length > 0) {
      throw new DeviceError(
        `${by}: ${name} is on ${leaf.device.description}, the parameters before it on ${leaves[0].device.description}; ` +
          'make all of them on one device',
      );
    }
    leaves.push(leaf);
  });
  return leaves;
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

/** Like `eachTensor`, without paths: a step asks for the leaves of its trees a dozen times, and paths would cost most of it. */
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
