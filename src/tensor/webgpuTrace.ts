import type { Allocation } from './allocation.js';
import type { Recording, Trace } from './backend.js';
import type { Recorded, RecordedDispatch, Transfer } from './webgpuCommand.js';
import type { PoolAllocation } from './webgpuPool.js';
import type { PoolBuffer } from './webgpuShelf.js';
import type { StepMemory } from './webgpuStepMemory.js';

/** Turns the commands of a trace, and the buffers that they use, into a recording; `release` gives the memory back. */
export type Seal = (commands: readonly Recorded[], buffers: ReadonlySet<PoolBuffer>, release: () => void) => Recording;

/** The commands of one run of a step. */
export class CommandTrace implements Trace {
  /** Where the step's memory comes from. */
  readonly memory: StepMemory;
  /** Whether the commands run only when they are replayed. */
  readonly isHeld: boolean;
  readonly #seal: Seal;
  readonly commands: Recorded[] = [];
  readonly #buffers = new Set<PoolBuffer>();
  readonly #born = new Set<PoolAllocation>();
  /** Retained, in the order of their first use. */
  readonly #claimed = new Set<Allocation>();
  #origins: (Allocation | undefined)[] = [];
  #obstacle: string | undefined;
  /** The op whose launches come next. */
  op = '';

  constructor(memory: StepMemory, seal: Seal, isHeld: boolean) {
    this.memory = memory;
    this.isHeld = isHeld;
    this.#seal = seal;
  }

  /** Notes memory that the step asked for. */
  bear(allocation: PoolAllocation): void {
    this.#born.add(allocation);
  }

  /** Notes memory that the next command uses. The recording keeps it from now on, unless the step both makes and frees it. */
  use(allocation: Allocation): void {
    const { pooled } = allocation as PoolAllocation;
    this.#buffers.add(pooled);
    const isBorn = this.#born.has(allocation as PoolAllocation);
    this.#origins.push(isBorn ? undefined : allocation);
    // Memory with an owner of its own would go back to that owner, who would hand it out while replays still write it.
    if (!isBorn || allocation.whenUnused) this.#claim(allocation);
  }

  /** Notes what no replay can do; the first such thing is reported. */
  refuse(obstacle: string): void {
    this.#obstacle ??= obstacle;
  }

  dispatch(dispatch: Omit<RecordedDispatch, 'op' | 'origins'>): void {
    this.commands.push({ ...dispatch, op: this.op, origins: this.#origins });
  }

  /** Ends the notes on a launch, which may have taken several dispatches. */
  endLaunch(): void {
    this.#origins = [];
  }

  transfer(command: Transfer): void {
    this.commands.push(command);
    this.#origins = [];
  }

  /** Keeps what the step made and did not free: its results, and what it has put into caches. */
  finish(): void {
    for (const allocation of this.#born) if (allocation.inUse) this.#claim(allocation);
  }

  differenceFrom(earlier: Trace): string | undefined {
    if (this.#obstacle !== undefined) return this.#obstacle;
    const before = (earlier as CommandTrace).commands;
    const now = this.commands;
    for (let i = 0; i < Math.min(before.length, now.length); i++) {
      const difference = differenceOf(before[i], now[i]);
      if (difference !== undefined) return difference;
    }
    if (before.length === now.length) return undefined;
    return `it ran ${now.length} commands, at the call before ${before.length}`;
  }

  seal(): Recording {
    return this.#seal(this.commands, this.#buffers, () => this.release());
  }

  release(): void {
    // In reverse, so that owners with a stack of free memory hand it out in the same order again.
    for (const allocation of [...this.#claimed].reverse()) allocation.release();
    this.#claimed.clear();
  }

  #claim(allocation: Allocation): void {
    if (this.#claimed.has(allocation)) return;
    allocation.retain();
    this.#claimed.add(allocation);
  }
}

/** How a command differs from the same command of the run before; undefined if it does not. */
function differenceOf(before: Recorded, now: Recorded): string | undefined {
  if ('kind' in before || 'kind' in now) {
    const kindOf = (command: Recorded) => ('kind' in command ? command.kind : `'${command.launch.program.label}'`);
    return kindOf(before) === kindOf(now) ? undefined : `it ran ${kindOf(now)}, at the call before ${kindOf(before)}`;
  }
  const name = `kernel '${now.launch.program.label}'`;
  if (before.compiled !== now.compiled) return `it ran ${name}, at the call before '${before.launch.program.label}'`;
  const word = (now.params ?? []).findIndex((w, i) => w >>> 0 !== before.params![i] >>> 0);
  if (word >= 0) {
    const [got, earlier] = [now, before].map(({ params }) => formatWord(params![word]));
    return `${name} got ${got} from the host in word ${word} of its parameters, at the call before ${earlier}`;
  }
  if (now.grid.some((n, i) => n !== before.grid[i])) return `${name} ran on another grid than at the call before`;
  const moved = now.ranges.findIndex((range, i) => {
    const other = before.ranges[i];
    return range.size !== other.size || range.offset !== other.offset || now.origins[i] !== before.origins[i];
  });
  return moved < 0 ? undefined : `${name} got other memory as its operand ${moved} than at the call before`;
}

/** A word as the integer and the float32 that it may be. */
function formatWord(word: number): string {
  const float = new Float32Array(Uint32Array.of(word).buffer)[0];
  return `${word >>> 0} (as a float ${Number(float.toPrecision(7))})`;
}
