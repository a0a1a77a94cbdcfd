import { DataError, eachTensor, flatPieces, formatShape, ShapeError, type Tensor, tensorsOf } from 'wgrad';
import type { Wire } from 'wgrad/ranks';
import { Calls } from './calls.js';
import { sumAsHalves } from './halfSum.js';
import type { HostArray, Reduction } from './handles.js';
import { launcherOf } from './launcher.js';
import { loadMpi } from './library.js';

/** What this rank has handed to MPI since the beginning. */
export interface Traffic {
  /** Calls in which elements travel. */
  readonly messages: number;
  /** Bytes of the arrays that were reduced or broadcast; how often each goes over the wire is the library's choice. */
  readonly bytes: number;
  /** In which MPI was at work or waited for other ranks. */
  readonly seconds: number;
}

/**
 * All ranks of a program. Every rank must make the same calls in the same order, with as many elements: a call returns when
 * the others have made it, too. Calls may overlap; they are carried out one after the other, beside the program.
 *
 * `values` are an array, or a tree of tensors on a device, which is read and written in pieces: while one is on its way,
 * the next one is read. Packed parameters and their gradients are read whole, not one by one. All are changed in place.
 */
export interface Communicator {
  /** From 0 to `size - 1`. */
  readonly rank: number;
  readonly size: number;
  /** Name and version of the MPI library; null for a rank that is alone. */
  readonly library: string | null;
  readonly traffic: Traffic;
  /** Waits until all ranks are here. */
  barrier(): Promise<void>;
  /**
   * Gives all ranks what rank `root` has, by default rank 0.
   * @throws ShapeError on all ranks if one has other tensors, or an array of another kind or length
   */
  broadcast(values: unknown, root?: number): Promise<void>;
  /**
   * Puts the sum, mean, maximum or minimum over the ranks in place of each element, the same bits on all of them. Sums and
   * means of floats may travel as float16, with a common scale for the part that a rank adds up.
   * @throws ShapeError for the mean of integers, or if something else than a sum or mean of floats is to travel as float16
   */
  allReduce(values: unknown, by: Reduction, options?: { readonly wire?: Wire }): Promise<void>;
  /**
   * The same for an array, while the program waits and no other call is under way.
   * @throws ShapeError if one is, or for the mean of integers
   */
  allReduceNow(values: HostArray, by: Reduction): void;
  /** What each rank has to say, by rank. */
  gather(text: string): Promise<string[]>;
  /** Ends all ranks at once with an exit code: for faults of which the others cannot be told. */
  abort(code: number): void;
  /** Ends MPI, once all ranks are here; a program that does not call it is taken for one that failed. */
  close(): Promise<void>;
}

/** Elements of a piece of a tensor on its way, 16 MB: large enough that latency does not matter. */
const PIECE = 2 ** 22;

let opened: Promise<Communicator> | undefined;

/**
 * The ranks that this process belongs to: those that `mpirun` or `srun` has started, or this one alone. MPI is started by
 * the first call; all calls give the same communicator.
 * @throws DataError where there is no MPI library, with how to install it, one that is not known, or that of another launcher
 */
export function communicator(): Promise<Communicator> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Communicator> {
  const launcher = launcherOf(process.env);
  const library = await loadMpi(launcher);
  if (!launcher) return new Ranks(undefined, null);
  const calls = new Calls(library);
  const expected = Number(process.env.OMPI_COMM_WORLD_SIZE ?? process.env.PMI_SIZE ?? calls.size);
  if (calls.size !== expected) {
    throw new DataError(
      `MPI: ${expected} processes were started, and ${library.version} (${library.path}) sees ${calls.size}: ` +
        'it is another MPI than that of the mpirun; name the right library in WGRAD_MPI',
    );
  }
  return new Ranks(calls, library.version);
}

class Ranks implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly library: string | null;
  /** Undefined for a rank that is alone. */
  readonly #calls: Calls | undefined;
  readonly #traffic = { messages: 0, bytes: 0, seconds: 0 };
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;

  constructor(calls: Calls | undefined, library: string | null) {
    this.rank = calls?.rank ?? 0;
    this.size = calls?.size ?? 1;
    this.library = library;
    this.#calls = calls;
  }

  get traffic(): Traffic {
    return { ...this.#traffic };
  }

  barrier(): Promise<void> {
    return this.#inTurn(async (calls) => calls.barrier());
  }

  async broadcast(values: unknown, root = 0): Promise<void> {
    if (!Number.isInteger(root) || root < 0 || root >= this.size) {
      throw new ShapeError(`broadcast: root ${root} is none of the ${this.size} ranks, which count from 0`);
    }
    await this.#inTurn(async (calls) => {
      checkAlike(await this.#gather(calls, JSON.stringify(partsIn(values))), root);
      await eachArray(values, (array) => this.#timed(calls.broadcast(array, root).then(() => array.byteLength)));
    });
  }

  async allReduce(values: unknown, by: Reduction, { wire = 'float32' }: { readonly wire?: Wire } = {}): Promise<void> {
    const isHalf = wire === 'float16';
    if (isHalf && (by === 'max' || by === 'min')) {
      throw new ShapeError(`allReduce: '${by}' does not travel as float16; only sums and means do`);
    }
    if (isHalf) checkFloats(values, 'a sum as float16', "wire 'float32'");
    if (by === 'mean') checkFloats(values, 'the mean', "'sum'");
    await this.#inTurn((calls) =>
      eachArray(values, (array) => this.#reduce(calls, array, by, isHalf && this.size > 1)),
    );
  }

  allReduceNow(values: HostArray, by: Reduction): void {
    if (by === 'mean') checkFloats(values, 'the mean', "'sum'");
    if (!this.#calls) return;
    if (this.#underWay > 0) throw new ShapeError('allReduceNow: another call is under way; await it before');
    const began = performance.now();
    this.#calls.allReduceNow(values, by);
    this.#count(values.byteLength, began);
    if (by === 'mean') this.#divide(values);
  }

  async gather(text: string): Promise<string[]> {
    let said = [text];
    await this.#inTurn(async (calls) => {
      said = await this.#gather(calls, text);
    });
    return said;
  }

  abort(code: number): void {
    if (this.#calls) this.#calls.abort(code);
    else process.exit(code);
  }

  close(): Promise<void> {
    return this.#inTurn((calls) => calls.finalize());
  }

  /** One call after the other, in the order in which the program makes them, which is that of the other ranks too. */
  #inTurn(call: (calls: Calls) => Promise<void>): Promise<void> {
    const calls = this.#calls;
    if (!calls) return Promise.resolve();
    this.#underWay++;
    const done = this.#last.then(() => call(calls)).finally(() => this.#underWay--);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #gather(calls: Calls, text: string): Promise<string[]> {
    const own = new TextEncoder().encode(text);
    const lengths = new Int32Array(this.size);
    lengths[this.rank] = own.length;
    await this.#reduce(calls, lengths, 'sum');
    const all = new Uint8Array(lengths.reduce((a, b) => a + b));
    all.set(
      own,
      lengths.subarray(0, this.rank).reduce((a, b) => a + b, 0),
    );
    await this.#reduce(calls, all, 'sum');
    let end = 0;
    return Array.from(lengths, (length) => {
      end += length;
      return new TextDecoder().decode(all.subarray(end - length, end));
    });
  }

  async #reduce(calls: Calls, array: HostArray, by: Reduction, isHalf = false): Promise<void> {
    if (isHalf) await this.#timed(sumAsHalves(calls, array as Float32Array | Float64Array));
    else await this.#timed(calls.allReduce(array, by).then(() => array.byteLength));
    if (by === 'mean') this.#divide(array);
  }

  #divide(array: HostArray): void {
    for (let i = 0; i < array.length; i++) array[i] /= this.size;
  }

  /** @param call gives the bytes that were handed to MPI */
  async #timed(call: Promise<number>): Promise<void> {
    const began = performance.now();
    this.#count(await call, began);
  }

  #count(bytes: number, began: number): void {
    this.#traffic.messages++;
    this.#traffic.bytes += bytes;
    this.#traffic.seconds += (performance.now() - began) / 1000;
  }
}

/** Refuses what only floats have. @param what it is, @param instead what integers can have */
function checkFloats(values: unknown, what: string, instead: string): void {
  const kinds = isHostArray(values) ? [values.constructor.name] : tensorsOf(values).map(({ dtype }) => dtype);
  const integers = kinds.find((kind) => !/^float/i.test(kind));
  if (integers)
    throw new ShapeError(`allReduce: ${what} of integers (${integers}) is none; take ${instead}, or floats`);
}

/** What is broadcast, one line for an array or for each tensor. */
function partsIn(values: unknown): string[] {
  if (isHostArray(values)) return [`${values.constructor.name} of ${values.length}`];
  const parts: string[] = [];
  eachTensor(values, ({ shape, dtype, device }, path) => {
    parts.push(`${path && `${path}: `}${dtype} ${formatShape(shape)} on ${device.kind}`);
  });
  return parts;
}

/** @param said what each rank broadcasts @throws ShapeError that names a rank with something else than `root`, and both */
function checkAlike(said: readonly string[], root: number): void {
  const rank = said.findIndex((text) => text !== said[root]);
  if (rank < 0) return;
  const [theirs, ours] = [rank, root].map((of) => JSON.parse(said[of]) as string[]);
  const at = theirs.findIndex((part, i) => part !== ours[i]);
  const i = at < 0 ? theirs.length : at;
  throw new ShapeError(
    `broadcast: rank ${rank} has ${theirs[i] ?? 'no more'}, rank ${root} has ${ours[i] ?? 'no more'}; all ranks must broadcast alike`,
  );
}

/** Applies a call to an array, or to the elements of tensors, piece after piece. */
async function eachArray(values: unknown, call: (array: HostArray) => Promise<void>): Promise<void> {
  if (isHostArray(values)) return call(values);
  const pieces = flatPieces(values, PIECE);
  try {
    await eachPiece(pieces, call);
  } finally {
    for (const piece of pieces) piece.dispose();
  }
}

/** The next piece is read while one is on its way. */
async function eachPiece(pieces: readonly Tensor[], call: (array: HostArray) => Promise<void>): Promise<void> {
  const reading = pieces.map((piece) => piece.data());
  for (const read of reading) read.catch(() => undefined); // thrown where it is awaited
  for (const [i, piece] of pieces.entries()) {
    const array = await reading[i];
    await call(array);
    piece.device.write(piece, array);
  }
}

function isHostArray(values: unknown): values is HostArray {
  return [Float32Array, Float64Array, Int32Array, Uint32Array, Uint8Array].some((kind) => values instanceof kind);
}
