import { type Device, GradcheckError } from 'wgrad';
import {
  type BenchEntry,
  type BenchRow,
  benchEntries,
  benchOp,
  type Ceilings,
  type Clock,
  type KernelChoice,
  kernelChoices,
  launchesOf,
  measureCeilings,
  Stopwatch,
  type TuneResult,
  tune,
  tuneCallOf,
} from 'wgrad/testing';
import { indented } from './indented.js';
import { caseKey } from './selection.js';

/** The device's limits for what is timed on it. */
export interface Setting {
  readonly ceilings: Ceilings;
  readonly clock: Clock;
}

/** A program that a case runs: its WGSL, and the workgroups of each of its dispatches. */
export interface RunProgram {
  readonly label: string;
  readonly code: string;
  readonly grids: readonly string[];
}

/** What runs for a case on this device, and why. */
export interface Inspection {
  readonly choices: readonly KernelChoice[];
  readonly programs: readonly RunProgram[];
}

/** The half of the room Kernels in the worker. */
export interface KernelsEngine {
  /** The keys of all bench cases. */
  cases(nothing: undefined): Promise<readonly string[]>;
  ceilings(nothing: undefined): Promise<Setting>;
  /** Times a case, or says why its kernel has no time. */
  time(order: { readonly key: string; readonly milliseconds: number }): Promise<BenchRow | string>;
  inspect(key: string): Promise<Inspection>;
  tune(key: string): Promise<readonly TuneResult[]>;
}

export function open(device: Device): KernelsEngine {
  const entries = new Map(benchEntries().map((entry) => [caseKey(entry.cases.op.def.name, entry.bench.name), entry]));
  const find = (key: string): BenchEntry => {
    const entry = entries.get(key);
    if (!entry) throw new Error(`no bench case is named '${key}'`);
    return entry;
  };
  let setting: Promise<Setting> | undefined;
  const measureSetting = async () => ({
    ceilings: await measureCeilings(device),
    clock: new Stopwatch(device).clock,
  });
  // One thing at a time: whatever else runs would be timed with it.
  let last: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
  return {
    cases: async () => [...entries.keys()],
    ceilings: () =>
      alone(() => {
        setting ??= measureSetting();
        return setting;
      }),
    time: ({ key, milliseconds }) =>
      alone(async () => {
        setting ??= measureSetting();
        try {
          return await benchOp(find(key), device, (await setting).ceilings, milliseconds);
        } catch (error) {
          if (error instanceof GradcheckError) return error.message;
          throw error;
        }
      }),
    async inspect(key) {
      const { cases, bench } = find(key);
      const programs = new Map<string, RunProgram & { grids: string[] }>();
      for (const { program, grid } of launchesOf(cases.op, bench, device)) {
        const { label, code } = program;
        const known = programs.get(code) ?? { label, code: indented(code), grids: [] };
        known.grids.push(grid.join(' \u00d7 '));
        programs.set(code, known);
      }
      return { choices: kernelChoices(cases.op, bench, device), programs: [...programs.values()] };
    },
    tune: (key) => alone(() => tune(device, [tuneCallOf(find(key))], { again: true })),
  };
}
