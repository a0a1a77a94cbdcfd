import { record } from '../autograd/tape.js';
import { cast, matching } from '../kernels/elementwise/cast.js';
import { halfBlocks } from '../kernels/optimiser/halfBlocks.js';
import { ARENA_ALIGNMENT, type Arena, arenaOf, padded } from '../tensor/arena.js';
import { pinned } from '../tensor/scopeStack.js';
import { Tensor } from '../tensor/tensor.js';
import { mapTensors, tensorsOf } from '../tensor/tree.js';

/**
 * The parameters of a network for one step of mixed precision: the same tree with float16 copies of its filters, which
 * are the tensors of rank 4. Everything else stays float32, such as the small vectors of batch norms. So do the
 * parameters themselves, which the optimiser updates.
 *
 * Call it inside the function that is differentiated. Filters of an arena are copied in one dispatch, and the float32
 * gradients land in the gradient arena as if there were no copies.
 */
export function halfParameters<P>(params: P): P {
  const filters = [...new Set(tensorsOf(params))].filter((t) => t.rank === 4 && t.dtype === 'float32');
  const copies = new Map<Tensor, Tensor>();
  for (const memory of new Set(filters.map((t) => t.allocation))) {
    const own = filters.filter((t) => t.allocation === memory);
    const arena = arenaOf(memory);
    const halves = arena ? ofArena(arena, own) : own.map((t) => cast(t, { dtype: 'float16' }));
    for (const [k, t] of own.entries()) copies.set(t, halves[k]);
  }
  return mapTensors(params, (t) => copies.get(t) ?? t);
}

function ofArena(arena: Arena, filters: readonly Tensor[]): Tensor[] {
  const [{ device, allocation }] = filters;
  const { blocks, offsets } = layoutOf(arena, filters);
  const flat = halfBlocks(new Tensor(device, [arena.length], 'float32', allocation), blocks);
  const copies = filters.map((t, k) => new Tensor(device, t.shape, 'float16', flat.allocation, offsets[k]));
  flat.dispose(); // the copies hold its memory
  record({
    name: 'halfParameters',
    inputs: filters,
    outputs: copies,
    keep: [],
    relay: (places) => places,
    pullback: (gs) => gs.map((g, k) => g && (() => matching(g, filters[k]))).map((thunk) => thunk ?? null),
  });
  return copies;
}

/** Which blocks of an arena are copied, and where each filter then begins. */
interface HalfLayout {
  readonly key: string;
  readonly blocks: Tensor;
  readonly offsets: readonly number[];
}

/** The last layout of each arena, kept because every step asks for the same one. */
const cache = new WeakMap<Arena, HalfLayout>();

/**
 * Copies begin at multiples of this many blocks: a binding starts at a multiple of 256 bytes, which float16 fills with
 * twice as many elements as float32.
 */
const EVERY = 2;

function layoutOf(arena: Arena, filters: readonly Tensor[]): HalfLayout {
  const key = filters.map(({ offset }) => offset).join();
  const cached = cache.get(arena);
  if (cached?.key === key) return cached;
  const list: number[] = [];
  const offsets = filters.map(({ offset, size }) => {
    const begin = list.length;
    const [first, count] = [offset / ARENA_ALIGNMENT, padded(size) / ARENA_ALIGNMENT];
    for (let b = 0; b < Math.ceil(count / EVERY) * EVERY; b++) list.push(first + Math.min(b, count - 1));
    return begin * ARENA_ALIGNMENT;
  });
  const blocks = pinned(() => arena.device.tensor(Uint32Array.from(list)));
  cached?.blocks.release();
  const layout = { key, blocks, offsets };
  cache.set(arena, layout);
  return layout;
}
