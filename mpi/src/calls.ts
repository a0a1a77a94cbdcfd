import { DataError, DeviceError } from 'wgrad';
import type { HostArray, Reduction } from './handles.js';
import type { CFunction, MpiLibrary } from './library.js';

/** `MPI_THREAD_SERIALIZED`: any thread may call, one at a time. */
const SERIALIZED = 2;
const LONGEST_ERROR = 512;
/** MPI counts elements in C's int. */
const MOST_ELEMENTS = 2 ** 30;

/** The functions of MPI that are used, on the communicator of all ranks; one call at a time. */
export class Calls {
  readonly rank: number;
  readonly size: number;
  readonly #library: MpiLibrary;
  readonly #errorString: CFunction;
  readonly #barrier: CFunction;
  readonly #broadcast: CFunction;
  readonly #allReduce: CFunction;
  readonly #allToAll: CFunction;
  readonly #allGather: CFunction;

  /** Starts MPI. @throws DataError if it does not let other threads call; DeviceError if it does not start */
  constructor(library: MpiLibrary) {
    const { handles, path, func } = library;
    this.#library = library;
    this.#errorString = func('int MPI_Error_string(int code, void *text, _Out_ int *length)');
    this.#barrier = func('int MPI_Barrier(intptr_t comm)');
    this.#broadcast = func('int MPI_Bcast(void *data, int count, intptr_t type, int root, intptr_t comm)');
    this.#allReduce = func(
      'int MPI_Allreduce(intptr_t send, void *data, int count, intptr_t type, intptr_t op, intptr_t comm)',
    );
    const blocks = 'void *send, int sent, intptr_t sentType, void *received, int count, intptr_t type, intptr_t comm';
    this.#allToAll = func(`int MPI_Alltoall(${blocks})`);
    this.#allGather = func(`int MPI_Allgather(${blocks})`);
    const provided = [0];
    const init = func('int MPI_Init_thread(void *argc, void *argv, int required, _Out_ int *provided)');
    this.#check('MPI_Init_thread', init(null, null, SERIALIZED, provided));
    if (provided[0] < SERIALIZED) {
      throw new DataError(
        `MPI: ${library.version} (${path}) was built without threads (MPI_THREAD_SERIALIZED); install one that has them`,
      );
    }
    const setHandler = func('int MPI_Comm_set_errhandler(intptr_t comm, intptr_t handler)');
    this.#check('MPI_Comm_set_errhandler', setHandler(handles.world, handles.errorsReturn));
    const ask = (name: string) => {
      const answer = [0];
      this.#check(name, func(`int ${name}(intptr_t comm, _Out_ int *answer)`)(handles.world, answer));
      return answer[0];
    };
    this.rank = ask('MPI_Comm_rank');
    this.size = ask('MPI_Comm_size');
  }

  barrier(): Promise<void> {
    return this.#call('MPI_Barrier', this.#barrier, this.#library.handles.world);
  }

  async broadcast(values: HostArray, root: number): Promise<void> {
    const { handles } = this.#library;
    for (const part of partsOf(values)) {
      const args = [part, part.length, handles.typeOf(part), root, handles.world];
      await this.#call('MPI_Bcast', this.#broadcast, ...args);
    }
  }

  /** In place; a mean is left a sum. */
  async allReduce(values: HostArray, by: Reduction): Promise<void> {
    const { handles } = this.#library;
    for (const part of partsOf(values)) {
      const args = [handles.inPlace, part, part.length, handles.typeOf(part), handles.operation(by), handles.world];
      await this.#call('MPI_Allreduce', this.#allReduce, ...args);
    }
  }

  /** As `allReduce`, while the program waits. */
  allReduceNow(values: HostArray, by: Reduction): void {
    const { handles } = this.#library;
    for (const part of partsOf(values)) {
      const args = [handles.inPlace, part, part.length, handles.typeOf(part), handles.operation(by), handles.world];
      this.#check('MPI_Allreduce', this.#allReduce(...args));
    }
  }

  /** Gives rank r the r-th of equal blocks; `received` gets one block of each rank. */
  allToAll(send: Uint8Array, received: Uint8Array): Promise<void> {
    return this.#exchangeBlocks('MPI_Alltoall', this.#allToAll, send, received, send.length / this.size);
  }

  /** Gives all ranks a block; `received` gets those of all. */
  allGather(send: Uint8Array, received: Uint8Array): Promise<void> {
    return this.#exchangeBlocks('MPI_Allgather', this.#allGather, send, received, send.length);
  }

  /** Ends all ranks at once. */
  abort(code: number): void {
    this.#library.func('int MPI_Abort(intptr_t comm, int code)')(this.#library.handles.world, code);
  }

  /** All ranks must come here, and none may call anything afterwards. */
  finalize(): Promise<void> {
    return this.#call('MPI_Finalize', this.#library.func('int MPI_Finalize()'));
  }

  #exchangeBlocks(
    name: string,
    call: CFunction,
    send: Uint8Array,
    received: Uint8Array,
    length: number,
  ): Promise<void> {
    const { handles } = this.#library;
    const type = handles.typeOf(send);
    return this.#call(name, call, send, length, type, received, length, type, handles.world);
  }

  /** In a thread of its own, so that timers and Ctrl-C have their turn while the others are waited for. */
  async #call(name: string, call: CFunction, ...args: readonly unknown[]): Promise<void> {
    const code = await new Promise<number>((resolve, reject) => {
      call.async(...args, (error: Error | null, result: number) => (error ? reject(error) : resolve(result)));
    });
    this.#check(name, code);
  }

  #check(name: string, code: number): void {
    if (code === 0) return;
    const text = Buffer.alloc(LONGEST_ERROR);
    const length = [0];
    this.#errorString(code, text, length);
    const reason = reasonIn(text.toString('utf8', 0, length[0]));
    const remedy = /truncated/i.test(reason) ? '; every rank must make the same calls with as many elements' : '';
    throw new DeviceError(`${name} failed: ${reason}${remedy}`);
  }
}

/** MPICH writes a stack of calls, of which the innermost says what is wrong. */
function reasonIn(text: string): string {
  const lines = text.replace(/\0.*$/s, '').trim().split('\n');
  return lines[lines.length - 1].replace(/^\(unknown\)\(\): /, '');
}

function partsOf(values: HostArray): HostArray[] {
  return Array.from({ length: Math.ceil(values.length / MOST_ELEMENTS) }, (_, k) =>
    values.subarray(k * MOST_ELEMENTS, (k + 1) * MOST_ELEMENTS),
  );
}
