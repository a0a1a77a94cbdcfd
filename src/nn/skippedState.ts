import { transient } from '../autograd/tape.js';
import { ShapeError } from '../errors.js';
import { revertSkipped } from '../kernels/optimiser/revertSkipped.js';
import { flatArenas } from '../tensor/arena.js';
import { aliasOf, Tensor } from '../tensor/tensor.js';
import { mapOnce, type Tree, tensorsOf } from '../tensor/tree.js';

/**
 * Copies, one for each arena, of state that a step updates beside the parameters, such as the running statistics of batch
 * norms. With them `keepUnlessSkipped` can take back what a step did that its optimiser then leaves out.
 *
 * @param state packed with `packParameters`
 * @throws ShapeError if it is not packed
 */
export function copyState(state: Tree): Tensor[] {
  return arenasOf('copyState', state).map((flat) => {
    const { device, shape, size } = flat;
    const copy = new Tensor(device, shape, 'float32', device.allocate('float32', size));
    device.copy(flat, copy);
    flat.dispose();
    return copy;
  });
}

/**
 * The state as a step leaves it: if the optimiser left the step out, because a gradient was not finite, the state is what it
 * was before. A select on the device, in one dispatch for each arena; the handles of `state` die, go on with those returned.
 *
 * @param before what `copyState` gave before the step
 * @param status of the optimiser's state after it
 * @throws ShapeError if the state is not packed, or the copies are of another one
 */
export function keepUnlessSkipped<S>(state: S, before: readonly Tensor[], { status }: { readonly status: Tensor }): S {
  const by = 'keepUnlessSkipped';
  for (const t of tensorsOf(state)) t.assertDonatable(by);
  const next = mapOnce(state, (t) => aliasOf(t));
  transient(() => {
    const flats = arenasOf(by, state);
    if (flats.length !== before.length) {
      throw new ShapeError(`${by}: ${before.length} copies for ${flats.length} arenas; make them with copyState`);
    }
    for (const [k, flat] of flats.entries()) revertSkipped(flat, before[k], status);
  });
  for (const t of new Set(tensorsOf(state))) t.donate(by);
  return next;
}

function arenasOf(by: string, state: Tree): Tensor[] {
  const flat = flatArenas([...new Set(tensorsOf(state))]);
  if (flat) return flat;
  throw new ShapeError(`${by}: the state does not fill arenas; call state = packParameters(state) once`);
}
