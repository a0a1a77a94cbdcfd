import { type Device, eachTensor, formatShape, scope, type Tensor, type TraceEvent, traceTapes } from 'wgrad';

/** An op that ran; tensors are named by their ids. */
export interface TraceOp {
  readonly name: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The programs that it launched, where the device tells. */
  readonly kernels: string[];
}

export interface TraceNode {
  readonly name: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** What the tape holds for the sweep. */
  readonly keep: readonly number[];
}

export interface TraceTape {
  readonly watched: { readonly id: number; readonly name: string }[];
  readonly nodes: TraceNode[];
}

/** A node, as `tape` and its number there. */
export interface Place {
  readonly tape: number;
  readonly node: number;
}

/** What one sees happen at once: an op runs, or a sweep goes through a node. */
export interface TraceStep {
  /** Of a sweep: the node. */
  readonly pulls?: Place;
  /** The sweep passed the node without work, since no gradient reaches it. */
  readonly skips?: Place;
  /** Indices of the ops that ran. */
  readonly ops: number[];
  /** What was recorded of them, by all tapes. */
  readonly records: Place[];
  /** Bytes that tensors hold afterwards, those from before the code not counted. */
  bytes: number;
}

/** All that happened while the code ran, as plain data. */
export interface Trace {
  /** Shape, and dtype if it is not float32, of each tensor by its id. */
  readonly tensors: Readonly<Record<number, string>>;
  readonly tapes: readonly TraceTape[];
  readonly ops: readonly TraceOp[];
  readonly steps: readonly TraceStep[];
  /** What the code returned: a path and a text for each tensor. */
  readonly returned: readonly { readonly path: string; readonly text: string }[];
}

/** With more ops a tape is too long to look at. */
const MOST_OPS = 300;
const ELEMENTS_SHOWN = 8;
const RETURNED_SHOWN = 12;

/** Runs code on a device and tells what its tapes did. */
export async function traceOf(run: () => unknown, device: Device): Promise<Trace> {
  const record = new Collector(device);
  let result: unknown;
  const traced = () => {
    result = traceTapes(
      () => scope(run),
      (event) => record.add(event),
    );
  };
  const profile = device.capabilities.timestamps ? await device.profile?.(traced) : undefined;
  if (!profile) traced();
  else record.launched(profile.dispatches);
  return { ...record.trace, returned: await describe(result) };
}

class Collector {
  readonly trace = {
    tensors: {} as Record<number, string>,
    tapes: [] as TraceTape[],
    ops: [] as TraceOp[],
    steps: [] as TraceStep[],
  };
  readonly #device: Device;
  readonly #before: { readonly bytes: number; readonly dispatches: number };
  /** How many dispatches there had been after each op. */
  readonly #dispatches: number[] = [];
  readonly #numbers = new Map<number, number>();
  /** Steps whose node is being pulled, the innermost last. */
  readonly #open: { readonly step: TraceStep; readonly place: Place }[] = [];

  constructor(device: Device) {
    this.#device = device;
    this.#before = { bytes: device.memory().live.bytes, dispatches: device.stats().dispatches };
  }

  add(event: TraceEvent): void {
    const { steps } = this.trace;
    if (event.kind === 'op') {
      this.#op(event.name, event.inputs, event.outputs);
    } else if (event.kind === 'watch') {
      this.#tape(event.tape).watched.push({ id: this.#see(event.tensor), name: event.name });
    } else if (event.kind === 'record') {
      const { name, inputs, outputs, keep } = event;
      const see = (tensors: readonly Tensor[]) => tensors.map((tensor) => this.#see(tensor));
      this.#tape(event.tape).nodes[event.node] = { name, inputs: see(inputs), outputs: see(outputs), keep: see(keep) };
      (this.#open.at(-1)?.step ?? steps.at(-1) ?? this.#step({})).records.push(this.#place(event));
    } else if (event.kind === 'pull') {
      const place = this.#place(event);
      this.#open.push({ step: this.#step({ pulls: place }), place });
    } else {
      const place = this.#place(event);
      const open = this.#open.at(-1);
      if (open?.place.tape === place.tape && open.place.node === place.node) this.#open.pop();
      else this.#step({ skips: place });
    }
    const current = this.#open.at(-1)?.step ?? steps.at(-1);
    for (const step of [current, steps.at(-1)])
      if (step) step.bytes = this.#device.memory().live.bytes - this.#before.bytes;
  }

  /** Says which programs were launched, in the order of their dispatches; some are of no op, such as draws of numbers. */
  launched(dispatches: readonly { readonly op: string; readonly label: string }[]): void {
    for (const [i, { name, kernels }] of this.trace.ops.entries()) {
      const since = dispatches.slice(this.#dispatches[i - 1] ?? 0, this.#dispatches[i]);
      kernels.push(...since.filter(({ op }) => op === name).map(({ label }) => label));
    }
  }

  #op(name: string, inputs: readonly Tensor[], outputs: readonly Tensor[]): void {
    const { ops } = this.trace;
    if (ops.length >= MOST_OPS) {
      throw new Error(`the code runs more than ${MOST_OPS} ops, too many to look at; make it shorter`);
    }
    const see = (tensors: readonly Tensor[]) => tensors.map((tensor) => this.#see(tensor));
    ops.push({ name, inputs: see(inputs), outputs: see(outputs), kernels: [] });
    this.#dispatches.push(this.#device.stats().dispatches - this.#before.dispatches);
    (this.#open.at(-1)?.step ?? this.#step({})).ops.push(ops.length - 1);
  }

  #step(what: Pick<TraceStep, 'pulls' | 'skips'>): TraceStep {
    const step: TraceStep = { ...what, ops: [], records: [], bytes: 0 };
    this.trace.steps.push(step);
    return step;
  }

  #see({ id, shape, dtype }: Tensor): number {
    this.trace.tensors[id] ??= formatShape(shape) + (dtype === 'float32' ? '' : ` ${dtype}`);
    return id;
  }

  #tape(id: number): TraceTape {
    return this.trace.tapes[this.#number(id)];
  }

  #place({ tape, node }: Place): Place {
    return { tape: this.#number(tape), node };
  }

  /** Tapes count from 0 in the order in which one hears of them. */
  #number(id: number): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    this.trace.tapes.push({ watched: [], nodes: [] });
    this.#numbers.set(id, this.trace.tapes.length - 1);
    return this.trace.tapes.length - 1;
  }
}

async function describe(result: unknown): Promise<{ path: string; text: string }[]> {
  const tensors: { readonly path: string; readonly tensor: Tensor }[] = [];
  eachTensor(result, (tensor, path) => tensors.push({ path, tensor }));
  if (tensors.length === 0) return [{ path: '', text: String(result).slice(0, 200) }];
  const shown = tensors.slice(0, RETURNED_SHOWN).map(async ({ path, tensor }) => {
    const data = await tensor.data();
    const numbers = Array.from(data.slice(0, ELEMENTS_SHOWN), (x) => String(Number(x.toPrecision(5)))).join(', ');
    return { path, text: `${formatShape(tensor.shape)} ${numbers}${data.length > ELEMENTS_SHOWN ? ', \u2026' : ''}` };
  });
  return Promise.all(shown);
}
