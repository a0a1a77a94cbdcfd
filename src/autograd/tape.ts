import { Scope } from '../tensor/scopeStack.js';
import { isFloat } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { observeTape } from './observer.js';

/** One recorded op: how the cotangents of its outputs become those of its inputs. */
export interface TapeNode {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Tensors whose data the pullback reads; the tape keeps their memory until it has run. */
  readonly keep: readonly Tensor[];
  /** One thunk per input, which makes its gradient; null where there is none. */
  readonly pullback: (
    cotangents: readonly (Tensor | undefined)[],
    places: Places,
  ) => readonly ((() => Tensor) | null)[];
  /**
   * Says where the cotangents of the outputs should land, given the places of the inputs. Only a node that moves numbers
   * without changing them has it: once the cotangent has landed there, the gradients of the inputs are in their places.
   */
  readonly relay?: (places: Places) => Places;
}

/** Memory in which results of the same size and dtype are wanted; undefined where any memory will do. */
export type Places = readonly (Tensor | undefined)[];

/** Is told of every op that reads a tensor that it tracks. */
interface Recorder {
  tracks(tensor: Tensor): boolean;
  nameOf(tensor: Tensor): string | undefined;
  add(node: TapeNode): void;
}

let nextId = 0;

/**
 * The ops that depend on watched tensors, in the order of execution. Tapes stack: while the sweep of an inner tape calls
 * VJPs, outer tapes record them like any other op, which is all that higher derivatives need.
 */
export class Tape implements Recorder {
  readonly id: number = nextId++;
  readonly nodes: TapeNode[] = [];
  readonly #tracked = new Set<number>();
  readonly #names = new Map<number, string>();
  /** How often each tracked tensor is an input. */
  readonly uses = new Map<number, number>();

  /** @param name what an error calls it, such as the path of a parameter */
  watch(tensor: Tensor, name = ''): void {
    this.#tracked.add(tensor.id);
    if (name !== '') this.#names.set(tensor.id, name);
    observeTape(() => ({ kind: 'watch', tape: this.id, tensor, name }));
  }

  nameOf(tensor: Tensor): string | undefined {
    return this.#names.get(tensor.id);
  }

  tracks(tensor: Tensor): boolean {
    return this.#tracked.has(tensor.id);
  }

  add(node: TapeNode): void {
    this.nodes.push(node);
    for (const t of node.keep) t.retain();
    for (const t of node.inputs) if (this.tracks(t)) this.uses.set(t.id, (this.uses.get(t.id) ?? 0) + 1);
    for (const t of node.outputs) if (isFloat(t)) this.#tracked.add(t.id);
    const { name, inputs, outputs, keep } = node;
    observeTape(() => ({ kind: 'record', tape: this.id, node: this.nodes.length - 1, name, inputs, outputs, keep }));
  }

  /** Takes the last node off. The caller releases what it keeps. */
  pop(): TapeNode | undefined {
    return this.nodes.pop();
  }

  /** Lets go of every node that was not swept. */
  clear(): void {
    for (let node = this.pop(); node; node = this.pop()) for (const t of node.keep) t.release();
  }
}

let recording: readonly Recorder[] = [];

/** @internal Records an op on every open tape that tracks one of its inputs. */
export function record(node: TapeNode): void {
  for (const tape of recording) if (node.inputs.some((x) => tape.tracks(x))) tape.add(node);
}

/** @internal True while some tape is open. */
export function isRecording(): boolean {
  return recording.length > 0;
}

/** @internal Whether some open tape tracks the tensor. */
export function isTracked(tensor: Tensor): boolean {
  return recording.some((recorder) => recorder.tracks(tensor));
}

/** @internal The path of a parameter that some open tape watches. */
export function nameOf(tensor: Tensor): string | undefined {
  for (const recorder of recording) {
    const name = recorder.nameOf(tensor);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** @internal Runs `fn` unrecorded; an op on a tensor that an open tape tracks, other than the `allowed` ones, is refused. */
export function guarded<T>(
  allowed: ReadonlySet<Tensor>,
  refuse: (node: TapeNode, culprit: Tensor) => never,
  fn: () => T,
): T {
  const outer = recording;
  const guard: Recorder = {
    tracks: (x) => !allowed.has(x) && outer.some((recorder) => recorder.tracks(x)),
    nameOf: (x) => outer.map((recorder) => recorder.nameOf(x)).find((name) => name !== undefined),
    add: (node) => refuse(node, node.inputs.find(guard.tracks) as Tensor),
  };
  return withTapes([guard], fn);
}

/** @internal Runs `fn` while `tape` records beside the tapes that are open already. */
export function recordOn<T>(tape: Tape, fn: () => T): T {
  return withTapes([...recording, tape], fn);
}

/** @internal Runs `fn` while nothing records. */
export function withoutTapes<T>(fn: () => T): T {
  return withTapes([], fn);
}

function withTapes<T>(tapes: readonly Recorder[], fn: () => T): T {
  const outer = recording;
  recording = tapes;
  try {
    return fn();
  } finally {
    recording = outer;
  }
}

/** Runs `fn` in a scope that keeps nothing. What must live on, `fn` retains. */
export function transient(fn: () => void): void {
  const s = new Scope();
  try {
    fn();
  } finally {
    s.close(new Set());
  }
}
