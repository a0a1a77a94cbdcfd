import type { Naming } from './naming.js';
import { namingOf } from './namings.js';

/** What DataParallel, torch.compile, moving averages and training codes put before every name of the model they wrap. */
const WRAPPERS = ['module.', '_orig_mod.', 'model.', 'net.', 'network.', 'state_dict.'];
/** Counters that averaged models keep beside the wrapped model. */
const LOOSE = ['n_averaged', 'steps'];
/** A wrapper may be wrapped itself. */
const DEEPEST = 4;

/**
 * The naming of tensors, and the tensors under its names: without the prefixes of wrappers where there are any. Names of
 * networks that wgrad does not know stay as they are, prefixes included, so that their own code takes them back.
 */
export function namedTensors<T>(tensors: ReadonlyMap<string, T>): {
  readonly naming?: Naming;
  readonly tensors: ReadonlyMap<string, T>;
} {
  let inner = tensors;
  for (let depth = 0; depth <= DEEPEST; depth++) {
    const naming = namingOf([...inner.keys()]);
    if (naming) return { naming, tensors: inner };
    const names = [...inner.keys()].filter((name) => !LOOSE.includes(name));
    const wrapper = WRAPPERS.find((prefix) => names.length > 0 && names.every((name) => name.startsWith(prefix)));
    if (wrapper === undefined) break;
    inner = new Map(names.map((name) => [name.slice(wrapper.length), inner.get(name) as T]));
  }
  return { tensors };
}
