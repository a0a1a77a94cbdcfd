import { DataError } from '../errors.js';
import type { ArrayData } from './dtypes.js';

/** Row-major values of a shape, outside any device. */
export interface StateTensor {
  readonly shape: readonly number[];
  readonly data: ArrayData;
}

/** Tensors by dotted path, as PyTorch names them: `layer1.0.conv1.weight`. */
export type StateDict = Map<string, StateTensor>;

/** Nested records of tensors; a list is a record with the keys `0`, `1`, ... */
export interface StateTree {
  readonly [key: string]: StateTensor | StateTree;
}

/** Turns nested records into dotted names, in the order of the keys. */
export function flattenState(tree: StateTree, prefix = ''): StateDict {
  const state: StateDict = new Map();
  for (const [key, child] of Object.entries(tree)) {
    if (isStateTensor(child)) state.set(prefix + key, child);
    else for (const [name, tensor] of flattenState(child, `${prefix}${key}.`)) state.set(name, tensor);
  }
  return state;
}

/**
 * Turns dotted names into nested records, the inverse of `flattenState`.
 * @throws DataError where a name has an empty part, or is both a tensor and a prefix of another
 */
export function unflattenState(state: ReadonlyMap<string, StateTensor>): StateTree {
  const root: Record<string, StateTensor | StateTree> = Object.create(null);
  for (const [name, tensor] of state) {
    const parts = name.split('.');
    if (parts.includes('')) throw new DataError(`state dict: "${name}" has an empty part between its dots`);
    const last = parts.pop() as string;
    let node = root;
    for (const part of parts) {
      // The record has no prototype, so `__proto__` in a file is a key like any other.
      node[part] ??= Object.create(null) as StateTree;
      if (isStateTensor(node[part])) throw new DataError(`state dict: "${name}" lies below "${part}", a tensor itself`);
      node = node[part] as typeof root;
    }
    if (last in node) throw new DataError(`state dict: "${name}" is a tensor and the prefix of another`);
    node[last] = tensor;
  }
  return root;
}

function isStateTensor(node: StateTensor | StateTree): node is StateTensor {
  return ArrayBuffer.isView(node.data) && Array.isArray(node.shape);
}

/** What a model expects of a state dict: the shape of each name. */
export type ExpectedShapes = ReadonlyMap<string, readonly number[]>;

/** How many names of each kind of mismatch are spelled out. */
const NAMED = 5;

/**
 * Checks that a state dict is of this model: every expected name is there with its shape, and none besides.
 * @param where what to call the source in the error
 * @param isOptional names that may be absent or come unexpected, such as the classifier of a pretrained backbone
 * @throws DataError with missing, unexpected and wrongly shaped names together
 */
export function checkState(
  state: ReadonlyMap<string, StateTensor>,
  expected: ExpectedShapes,
  where: string,
  isOptional: (name: string) => boolean = () => false,
): void {
  const missing = [...expected.keys()].filter((name) => !state.has(name) && !isOptional(name));
  const unexpected = [...state.keys()].filter((name) => !expected.has(name) && !isOptional(name));
  const misshapen: string[] = [];
  for (const [name, shape] of expected) {
    const found = state.get(name)?.shape;
    if (found && found.join() !== shape.join())
      misshapen.push(`${name} [${found.join(', ')}] not [${shape.join(', ')}]`);
  }
  const faults = [list('missing', missing), list('unexpected', unexpected), list('of another shape', misshapen)];
  const found = faults.filter((fault) => fault !== '').join('; ');
  if (found === '') return;
  throw new DataError(`${where}: checkpoint of another model: ${found}; build the model that it was saved from`);
}

function list(kind: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length > NAMED ? ', ...' : '';
  return `${names.length} ${kind} (${names.slice(0, NAMED).join(', ')}${more})`;
}
