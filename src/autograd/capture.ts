import { DeviceError, ShapeError } from '../errors.js';
import type { Recording, StepRecorder, Trace } from '../tensor/backend.js';
import { checkOptions, type Kinds } from '../tensor/options.js';
import { refusePromise, scope } from '../tensor/scope.js';
import { outsideScopes } from '../tensor/scopeStack.js';
import { formatShape } from '../tensor/shape.js';
import { aliasOf, type Device, nextTensorId, Tensor } from '../tensor/tensor.js';
import { eachLeaf, foreignLeaf, isRecord, mapOnce, mapTensors, tensorsOf } from '../tensor/tree.js';
import { StateLayout } from './stateLayout.js';
import { isRecording } from './tape.js';

const BY = 'the captured step';
/** After so many calls, no two of which did the same, a step is refused. The first ones differ because they fill caches. */
const MOST_EAGER_CALLS = 4;
const DEFAULT_RECORDINGS = 4;

/** A step that is replayed once it has been recorded. */
export interface Captured<S, B, R> {
  (state: S, batch: B): R;
  /** Compiles ahead, in parallel, what a call with such arguments will run; neither is changed. */
  compile(state: S, batch: B): Promise<void>;
  /** Gives the recordings' memory back, which nothing else does. State and results live on; the next call records anew. */
  dispose(): void;
}

/** Options of `capture`. */
export interface CaptureOptions {
  /** How many recordings to hold, one for each set of shapes of the batch; default 4, the least recently used goes. */
  readonly recordings?: number;
}

const OPTIONS: Kinds<CaptureOptions> = { recordings: 'number' };

/**
 * The same step, recorded on the device and replayed: after a few calls the host encodes the recorded commands again and
 * calls neither the function nor any op. Results are bit-equal to those of the function.
 *
 * - `state` is updated in place: each of its tensors must come back under `state`, updated in place or as it was, and those
 *   that were given are gone. Its numbers are counters: a replay adds to each what the recorded call added.
 * - `batch` is copied into memory of the recording, so its tensors may lie anywhere. What changes from step to step (learning
 *   rate, seeds) must be a tensor of the batch. Its numbers and other leaves belong to the recording, as its shapes do: when
 *   one of them changes, the step is recorded anew.
 * - All other results live until the next call. Call `data()` before it; the promise may resolve later.
 * - The first calls run the function as usual, and it is recorded once two calls in a row have led to the same commands. A
 *   learning rate or a seed that the host changes at each call is therefore found and refused. One that begins to change only
 *   after the recording is not seen, and neither is anything else that the function does on the host.
 *
 * Intermediate memory stays with the recordings, which share it. On a backend that replays nothing the function is called
 * every time, under the same rules for state and results.
 *
 * @throws ShapeError naming the state that was not updated in place, or the kernel that the host tells something new at
 *   each call; when called while a gradient is recorded; and for an option there is not
 */
export function capture<S, B, R extends { readonly state: S }>(
  step: (state: S, batch: B) => R,
  options: CaptureOptions = {},
): Captured<S, B, R> {
  return captureWith(step, options, (device) => device.recorder?.());
}

/** @internal `capture` by another recorder than the device's own. */
export function captureWith<S, B, R extends { readonly state: S }>(
  step: (state: S, batch: B) => R,
  options: CaptureOptions,
  open: (device: Device) => StepRecorder | undefined,
): Captured<S, B, R> {
  checkOptions('capture', OPTIONS, options);
  const { recordings: most = DEFAULT_RECORDINGS } = options;
  if (!(most >= 1)) throw new ShapeError(`capture: recordings is ${most}, expected 1 or more`);
  const entries = new Map<string, CapturedShape<S, B, R>>();
  let recorder: StepRecorder | undefined;
  let home: Device | undefined;
  let results: readonly Tensor[] = [];

  const dispose = () => {
    for (const entry of entries.values()) entry.dispose();
    entries.clear();
    recorder?.dispose();
    recorder = undefined;
    home = undefined;
  };
  const forget = (key: string) => {
    entries.get(key)?.dispose();
    entries.delete(key);
  };
  /** A refused call leaves no memory behind, unless a recording needs it. */
  const callOrForget = (entry: CapturedShape<S, B, R>, key: string, ...args: [S, B]) => {
    try {
      return entry.call(...args);
    } catch (error) {
      if (!entry.isRecorded) forget(key);
      if (entries.size === 0) dispose();
      throw error;
    }
  };
  const call = (state: S, batch: B): R => {
    if (isRecording()) {
      throw new ShapeError('capture: called inside grad or valueAndGrad; a replay leaves no tape. Call them inside it');
    }
    const device = deviceOf(state);
    if (device !== home) dispose();
    home = device;
    const key = signatureOf(batch);
    let entry = entries.get(key);
    if (entry && !entry.fits(state)) forget(key);
    entry = entries.get(key);
    entries.delete(key);
    if (!entry) {
      if (entries.size >= most) forget(entries.keys().next().value as string);
      recorder ??= open(device);
      entry = new CapturedShape(step, device, recorder, batch);
    }
    entries.set(key, entry);
    const [result, fresh] = callOrForget(entry, key, state, batch);
    // Not before the call: they may have been part of its batch.
    for (const t of results) t.expire('the next call of the captured step has overwritten it; ask for its data before');
    results = fresh;
    return result;
  };
  const compile = async (state: S, batch: B) => {
    const handles = <T>(tree: T) => mapOnce(tree, (t) => aliasOf(t));
    await deviceOf(state).compile?.(() => void step(handles(state), handles(batch)));
  };
  return Object.assign(call, { compile, dispose });
}

/** The recording for one set of shapes of the batch. */
class CapturedShape<S, B, R extends { readonly state: S }> {
  readonly #step: (state: S, batch: B) => R;
  readonly #recorder: StepRecorder | undefined;
  /** Where a recording reads the batch. */
  readonly #batch: B;
  readonly #inputs: readonly Tensor[];
  #last: Run<R> | undefined;
  #calls = 0;
  #recorded: RecordedStep<R> | undefined;

  constructor(step: (state: S, batch: B) => R, device: Device, recorder: StepRecorder | undefined, batch: B) {
    this.#step = step;
    this.#recorder = recorder;
    const own = ({ shape, dtype, size }: Tensor) => new Tensor(device, shape, dtype, device.allocate(dtype, size));
    this.#batch = recorder ? outsideScopes(() => mapTensors(batch, own)) : batch;
    this.#inputs = recorder ? tensorsOf(this.#batch) : [];
  }

  get isRecorded(): boolean {
    return this.#recorded !== undefined;
  }

  /** Whether the state is where the recording, if there is one, updates it. */
  fits(state: S): boolean {
    return this.#recorded?.layout.fits(state) ?? true;
  }

  /** One step, and those of its results that live until the next. */
  call(state: S, batch: B): [result: R, results: readonly Tensor[]] {
    if (this.#recorder) this.#copyIn(batch);
    if (this.#recorded) return this.#replay(state);
    const { result, results } = this.#recorder ? this.#record(state, this.#recorder) : this.#run(state, batch);
    return [result, results];
  }

  dispose(): void {
    this.#recorded?.recording.dispose();
    this.#last?.trace?.release();
    for (const t of this.#inputs) t.dispose();
  }

  #copyIn(batch: B): void {
    tensorsOf(batch).forEach((source, i) => {
      const target = this.#inputs[i];
      source.assertLive('capture');
      if (source.device !== target.device) {
        throw new DeviceError('capture: state and batch are on different devices; make both on one');
      }
      target.device.copy(source, target);
    });
  }

  /** Calls the function. */
  #run(state: S, batch: B): Run<R> {
    const layout = new StateLayout(state);
    const firstId = nextTensorId();
    // The checks stand inside the scope, so that what a refused call has made is freed.
    return scope(() => {
      const reached = this.#step(state, batch);
      refusePromise('capture', reached);
      if (!isRecord(reached) || !('state' in reached)) {
        throw new ShapeError(
          'capture: the step must return a record { state, ... } with the new state under that name',
        );
      }
      const after = new StateLayout(reached.state);
      const counters = layout.stepsTo(after);
      // What came back as it was has a new handle, too.
      const result = { ...reached, state: after.renew(reached.state, BY) };
      const { state: _, ...rest } = result;
      const ofState = new Set(tensorsOf(result.state));
      const results = tensorsOf(rest).filter((t) => t.id >= firstId && !ofState.has(t));
      return { result, results, rest, counters, firstId };
    });
  }

  /** Calls the function while its commands are recorded, and keeps the recording if it repeats the one before. */
  #record(state: S, recorder: StepRecorder): Run<R> {
    const before = this.#last;
    this.#last = undefined;
    before?.trace?.release(); // its memory goes back to its owners, who hand it out to this run again
    const layout = new StateLayout(state);
    let run: Run<R> | undefined;
    const trace = recorder.record(() => {
      run = this.#run(state, this.#batch);
    });
    const now = { ...(run as unknown as Run<R>), trace };
    const difference = before && differenceOf(before, now);
    if (before && difference === undefined) {
      this.#recorded = { recording: trace.seal(), layout, run: now };
    } else if (++this.#calls < MOST_EAGER_CALLS) {
      this.#last = now;
    } else {
      trace.release();
      for (const t of now.results) t.dispose();
      throw new ShapeError(
        `capture: no two calls in a row did the same, so the step cannot be replayed: ${difference}. ` +
          'What changes from call to call must be a tensor of the batch or of the state',
      );
    }
    return now;
  }

  #replay(state: S): [R, readonly Tensor[]] {
    const { recording, layout, run } = this.#recorded as RecordedStep<R>;
    recording.replay();
    const results: Tensor[] = [];
    const rest = mapTensors(run.rest, (t) => {
      if (t.id < run.firstId) return t;
      const result = new Tensor(t.device, t.shape, t.dtype, t.allocation, t.offset);
      results.push(result);
      return result;
    });
    return [{ ...rest, state: layout.renew(state, BY, run.counters) } as unknown as R, results];
  }
}

/** One call of the function. */
interface Run<R> {
  readonly result: R;
  /** The tensors that it made, without those of the state. */
  readonly results: readonly Tensor[];
  /** The result without the state. */
  readonly rest: Readonly<Record<string, unknown>>;
  /** What it added to the numbers of the state. */
  readonly counters: readonly number[];
  /** Handles with lower ids were made before. */
  readonly firstId: number;
  readonly trace?: Trace;
}

interface RecordedStep<R> {
  readonly recording: Recording;
  /** Of the state that it updates. */
  readonly layout: StateLayout;
  readonly run: Run<R>;
}

function differenceOf<R>(before: Run<R>, now: Run<R>): string | undefined {
  if (before.counters.join() !== now.counters.join())
    return 'a number of the state did not grow by the same amount again';
  if (leavesOf(before.rest) !== leavesOf(now.rest)) return 'its results, tensors aside, were others than before';
  return (now.trace as Trace).differenceFrom(before.trace as Trace);
}

function leavesOf(tree: unknown): string {
  const leaves: string[] = [];
  eachLeaf(tree, (leaf, path) => {
    leaves.push(`${path}: ${leaf instanceof Tensor ? `${leaf.dtype} ${formatShape(leaf.shape)}` : String(leaf)}`);
  });
  return leaves.join('; ');
}

/** @internal Shapes and dtypes of a batch, and its leaves that are no tensors. */
export function signatureOf(batch: unknown): string {
  eachLeaf(batch, (leaf, path) => {
    // What may change without a trace in the signature.
    const what = foreignLeaf(leaf) ?? (typeof leaf === 'function' ? 'a function' : undefined);
    if (!what) return;
    throw new ShapeError(`capture: batch '${path}' is ${what}; what changes must be a tensor, made with device.tensor`);
  });
  return leavesOf(batch);
}

function deviceOf(state: unknown): Device {
  const [first] = tensorsOf(state);
  if (first) return first.device;
  throw new ShapeError('capture: the state holds no tensor; pass what the step updates in place as its first argument');
}
