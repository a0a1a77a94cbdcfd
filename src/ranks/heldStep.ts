import { ShapeError } from '../errors.js';
import type { Recording, StepRecorder, Trace, TypedArray } from '../tensor/backend.js';
import { outsideScopes } from '../tensor/scopeStack.js';
import { type Device, Tensor } from '../tensor/tensor.js';
import { type Tree, tensorsOf } from '../tensor/tree.js';
import { commandsUntilLastUse } from '../tensor/webgpuLastUse.js';
import type { WebGpuRecorder } from '../tensor/webgpuRecorder.js';
import type { CommandTrace } from '../tensor/webgpuTrace.js';
import type { Ranks, Wire } from './ranks.js';

/** A tensor whose elements become sums over the ranks when so many commands have run, before the next one runs. */
interface Meeting {
  readonly at: number;
  readonly tensor: Tensor;
}

/** A step that was recorded and has not run, with the places where it is cut. */
class HeldTrace implements Trace {
  readonly trace: CommandTrace;
  readonly meetings: readonly Meeting[];
  readonly recording: Recording;
  readonly #steps: HeldSteps;

  constructor(trace: Trace, meetings: readonly Meeting[], steps: HeldSteps) {
    this.trace = trace as CommandTrace;
    this.meetings = meetings;
    this.recording = trace.seal();
    this.#steps = steps;
  }

  differenceFrom(earlier: Trace): string | undefined {
    return this.trace.differenceFrom((earlier as HeldTrace).trace);
  }

  seal(): Recording {
    return { replay: () => this.#steps.hold(this), dispose: () => this.release() };
  }

  release(): void {
    for (const { tensor } of this.meetings) tensor.dispose();
    this.recording.dispose();
  }
}

/**
 * Runs steps in which ranks meet. The functions of a step are synchronous, and what other ranks have comes later. On WebGPU
 * its commands are therefore recorded without running; they run afterwards, piece by piece, with a meeting behind each. On
 * the CPU backend, where ops run at once, the process waits for the others.
 */
export class HeldSteps {
  readonly #ranks: Ranks;
  /** How results travel. */
  readonly #wire: Wire;
  /** While commands are recorded: those so far, and the places where they are cut. */
  #held: { readonly trace: CommandTrace; readonly meetings: Meeting[] } | undefined;
  /** The step that `play` runs. */
  #next: HeldTrace | undefined;
  /** Gives back the memory of a step that is held once. */
  #release: (() => void) | undefined;

  constructor(ranks: Ranks, wire: Wire) {
    this.#ranks = ranks;
    this.#wire = wire;
  }

  /** Puts the sum over the ranks in place of each element, before the step goes on. While kernels are compiled ahead, nothing. */
  readonly meet = (x: Tensor): void => {
    if (this.#held) {
      const tensor = outsideScopes(() => new Tensor(x.device, x.shape, x.dtype, x.allocation, x.offset));
      this.#held.meetings.push({ at: this.#held.trace.commands.length, tensor });
    } else if (x.device.kind === 'cpu') {
      const reduce = ({ data }: { readonly data: TypedArray }) => this.#ranks.allReduceNow(data as Float64Array, 'sum');
      x.device.run({ name: 'meet', reference: (_, [y]) => reduce(y), launches: () => [] }, [], [x], {});
    }
  };

  /** What records steps for `capture`; on the CPU backend nothing does. */
  readonly recorderOf = (device: Device): StepRecorder | undefined => {
    const inner = device.recorder?.() as WebGpuRecorder | undefined;
    if (!inner) return undefined;
    return { record: (step) => this.#record(inner, step as () => void), dispose: () => inner.dispose() };
  };

  /** Notes the step that `play` runs next. */
  hold(step: HeldTrace): void {
    this.#next = step;
  }

  /** Holds a step that will not be run again. @param state tells the device */
  once<R>(state: Tree, step: () => R): R {
    const recorder = this.recorderOf(tensorsOf(state)[0].device);
    if (!recorder) return step();
    let result: { readonly value: R } | undefined;
    const trace = recorder.record(() => {
      result = { value: step() };
    });
    this.#release = () => {
      trace.release();
      recorder.dispose();
      this.#release = undefined;
    };
    return (result as { readonly value: R }).value;
  }

  #record(recorder: WebGpuRecorder, step: () => void): Trace {
    const meetings: Meeting[] = [];
    const trace = recorder.record((commands) => {
      this.#held = { trace: commands as CommandTrace, meetings };
      try {
        step();
      } finally {
        this.#held = undefined;
      }
    }, true);
    const obstacle = trace.differenceFrom(trace);
    const held = new HeldTrace(trace, meetings, this);
    if (obstacle) {
      held.release();
      throw new ShapeError(
        `distributed: a step of several ranks runs after its function has returned, but ${obstacle}; pass it in the batch`,
      );
    }
    this.hold(held);
    return held;
  }

  /**
   * Runs the step that was held, and puts the sums over the ranks in place of some of its results. Each of them is under way
   * to the other ranks as soon as the last command that uses it was handed over, while the device runs those behind it.
   */
  async play(results: readonly Tensor[]): Promise<void> {
    const step = this.#next;
    this.#next = undefined;
    if (!step) {
      for (const tensor of results) await this.#ranks.allReduce([tensor], 'sum', { wire: this.#wireOf(tensor) });
      return;
    }
    const { recording, meetings, trace } = step;
    const stops = [
      ...meetings.map((meeting) => ({ ...meeting, waits: true })),
      ...results.map((tensor) => ({ at: commandsUntilLastUse(trace.commands, tensor), tensor, waits: false })),
    ].sort((a, b) => a.at - b.at);
    let done = 0;
    let exchanged = Promise.resolve();
    for (const { at, tensor, waits } of stops) {
      recording.replay(done, at);
      done = at;
      exchanged = this.#exchange(tensor, waits ? 'float32' : this.#wireOf(tensor), exchanged);
      exchanged.catch(() => undefined); // thrown where it is awaited
      if (waits) await exchanged;
    }
    recording.replay(done);
    await exchanged;
    this.#release?.();
  }

  /** A number by itself costs nothing, and may be what somebody reads. */
  #wireOf({ size }: Tensor): Wire {
    return size > 1 ? this.#wire : 'float32';
  }

  /** @param before what the ranks exchange before: all of them do so in one order */
  async #exchange(tensor: Tensor, wire: Wire, before: Promise<void>): Promise<void> {
    const [array] = await Promise.all([tensor.data(), before]);
    await this.#ranks.allReduce(array, 'sum', { wire });
    tensor.device.write(tensor, array);
  }
}
