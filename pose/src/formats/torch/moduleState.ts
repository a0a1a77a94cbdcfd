import { Inert } from './pickleValues.js';

/** No network has so many modules and tensors; a file whose modules hold each other again and again may name any number. */
const MOST_PARTS = 50_000;
/** Levels of modules within modules. */
const DEEPEST = 20;

/**
 * The state dict of a whole module, `torch.save(model)`, from the attributes that PyTorch pickles with it; nothing of its
 * class is run. Parameters, then the buffers that PyTorch would save, then the modules in it.
 * @returns undefined for any other object, and for one that is too large to be a network
 */
export function moduleState(module: unknown): Map<string, unknown> | undefined {
  if (!(module instanceof Inert) || !dictOf(module, '_modules')) return undefined;
  const state = new Map<string, unknown>();
  let parts = 0;
  const collect = (part: unknown, prefix: string, depth: number): boolean => {
    if (!(part instanceof Inert)) return true;
    if (++parts > MOST_PARTS || depth > DEEPEST) return false;
    const unsaved = attributeOf(part, '_non_persistent_buffers_set');
    for (const kind of ['_parameters', '_buffers']) {
      for (const [name, value] of dictOf(part, kind) ?? []) {
        if (++parts > MOST_PARTS) return false;
        const isSaved = kind === '_parameters' || !(unsaved instanceof Set && unsaved.has(name));
        if (isSaved && isPartOfName(name)) state.set(prefix + name, value);
      }
    }
    return [...(dictOf(part, '_modules') ?? [])].every(
      ([name, child]) => !isPartOfName(name) || collect(child, `${prefix}${name}.`, depth + 1),
    );
  };
  return collect(module, '', 0) ? state : undefined;
}

function attributeOf({ attributes }: Inert, name: string): unknown {
  return attributes instanceof Map ? attributes.get(name) : undefined;
}

function dictOf(module: Inert, name: string): ReadonlyMap<unknown, unknown> | undefined {
  const found = attributeOf(module, name);
  return found instanceof Map ? found : undefined;
}

/** Longer ones, before each name below them, could take any amount of memory. */
const LONGEST_NAME = 50;

function isPartOfName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= LONGEST_NAME;
}
