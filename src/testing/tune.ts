import type { Fill } from '../autograd/cases.js';
import { type AnyOp, defineOp } from '../autograd/op.js';
import { DeviceError, GradcheckError } from '../errors.js';
import type { View } from '../tensor/backend.js';
import { Rng } from '../tensor/rng.js';
import { scope } from '../tensor/scope.js';
import type { Device } from '../tensor/tensor.js';
import type { BenchEntry } from './bench.js';
import { checkKernel, outputsOf } from './checkKernel.js';
import { type ChoiceStore, loadChoices, saveChoices } from './choiceStore.js';
import { drawFill, upload } from './hostArray.js';
import { choicesOf, type MeasuredChoices } from './measuredChoices.js';
import { Stopwatch } from './stopwatch.js';

interface Call {
  readonly inputs: readonly Fill[];
  readonly attrs?: object;
}

/** A call whose kernels are to be chosen by measurement. */
export interface TuneCall extends Call {
  readonly op: AnyOp;
  /** Smaller calls that are checked in its place, where its float64 reference would take too long. */
  readonly checked?: readonly Call[];
}

/** Options of `tune`. */
export interface TuneOptions {
  /** Where choices are kept for the next program. */
  readonly store?: ChoiceStore;
  /** Measures again what has been measured. Default: no. */
  readonly again?: boolean;
  readonly note?: (text: string) => void;
}

/** What became of one question; times are medians in milliseconds. */
export interface TuneResult {
  readonly question: string;
  readonly choice: string;
  readonly milliseconds: number;
  readonly builtIn: string;
  readonly builtInMilliseconds: number;
  /** Every candidate that agrees with the reference, with its time. */
  readonly candidates: ReadonlyMap<string, number>;
  /** Candidates that disagreed with the reference or did not run, with the reason. */
  readonly rejected: ReadonlyMap<string, string>;
}

const SEED = 1;
/** Above this the float64 reference takes too long. */
const MAX_CHECKED_FLOP = 3e9;
const ROUNDS = 7;
/** A candidate that is this many times slower than the best so far is not timed again. */
const HOPELESS = 2;
/** A candidate must take less than this share of the time of the built-in choice: a smaller gain is noise. */
const GAIN = 0.95;

/**
 * Chooses kernels by measurement: for every question that the calls put to `select`, each candidate is compared with the
 * float64 reference, and of those that agree the fastest is taken, by timestamps where there are any, else by waiting
 * for the queue. The device uses the choices from then on.
 *
 * @throws DeviceError if the device takes no choices (the CPU reference).
 */
export async function tune(
  device: Device,
  calls: readonly TuneCall[],
  { store, again = false, note = () => undefined }: TuneOptions = {},
): Promise<TuneResult[]> {
  const choices = choicesOf(device);
  if (!choices) {
    throw new DeviceError(
      `tune: '${device.description}' has one kernel per op, so there is no choice; open a WebGPU device`,
    );
  }
  if (store) await loadChoices(device, store, note);
  const results: TuneResult[] = [];
  const watch = new Stopwatch(device);
  for (const call of calls) {
    const operands = draw(call).map((x) => upload(device, x));
    const run = () => scope(() => void outputsOf(call.op, operands, call.attrs));
    const compile = async () => device.compile?.(run);
    const checks = [...(call.checked ?? [call]).map((one) => checkOf(call.op, one, device)), compile];
    await compile();
    for (const [question, candidates] of choices.asking(run)) {
      if (choices.answers.has(question) && !again) continue;
      const result = await compare(question, candidates, watch, choices, run, checks);
      if (result) {
        choices.set(question, result.choice);
        results.push(result);
      } else {
        note(`no kernel for ${question} agrees with the reference on '${device.description}'`);
      }
    }
    for (const x of operands) x.dispose();
  }
  if (store && results.length > 0) await saveChoices(device, choices, store, note);
  return results;
}

/** The shape of a bench as a call to tune; where its float64 reference would take too long, the op's samples are checked. */
export function tuneCallOf({ cases: { op, samples }, bench: { inputs, attrs, flop } }: BenchEntry): TuneCall {
  return { op, inputs, attrs, checked: flop > MAX_CHECKED_FLOP ? samples : undefined };
}

/** Every candidate checked, then the survivors timed in turn; undefined if none survives. */
async function compare(
  question: string,
  candidates: readonly string[],
  watch: Stopwatch,
  choices: MeasuredChoices,
  run: () => void,
  checks: readonly (() => Promise<unknown>)[],
): Promise<TuneResult | undefined> {
  const [builtIn] = candidates;
  const times = new Map<string, number[]>();
  const rejected = new Map<string, string>();
  for (const candidate of new Set(candidates)) {
    try {
      await choices.trying(candidate, async () => {
        for (const check of checks) await check();
        await watch.measure(run); // the first run may be slow
      });
      times.set(candidate, []);
    } catch (error) {
      if (!(error instanceof GradcheckError || error instanceof DeviceError)) throw error;
      rejected.set(candidate, error.message);
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    const best = Math.min(...[...times.values()].flat());
    for (const [candidate, samples] of times) {
      if (Math.min(...samples) > HOPELESS * best && candidate !== builtIn) continue;
      samples.push(await choices.trying(candidate, () => watch.measure(run)));
    }
  }
  const medians = [...times].map(([candidate, samples]) => ({ candidate, ms: median(samples) }));
  const own = medians.find(({ candidate }) => candidate === builtIn);
  const fastest = medians.reduce<(typeof medians)[number] | undefined>(
    (a, b) => (a && a.ms <= b.ms ? a : b),
    undefined,
  );
  if (!fastest) return undefined;
  const winner = own && fastest.ms > GAIN * own.ms ? own : fastest;
  return {
    ...{ question, choice: winner.candidate, milliseconds: winner.ms, builtIn, rejected },
    builtInMilliseconds: own?.ms ?? Number.POSITIVE_INFINITY,
    candidates: new Map(medians.map(({ candidate, ms }) => [candidate, ms])),
  };
}

function draw({ inputs }: Call) {
  const rng = new Rng(SEED);
  return inputs.map((fill, i) => drawFill(fill, rng.split(i)));
}

/** A comparison with the reference, which is computed once for all candidates. */
function checkOf({ def }: AnyOp, call: Call, device: Device): () => Promise<unknown> {
  let known: View['data'][] | undefined;
  const reference: typeof def.reference = (inputs, outputs, attrs) => {
    if (known) {
      for (const [i, { data }] of outputs.entries()) data.set(known[i]);
    } else {
      def.reference(inputs, outputs, attrs);
      known = outputs.map(({ data }) => data.slice());
    }
  };
  const op = defineOp({ ...def, reference } as never);
  return () => checkKernel(op, draw(call), call.attrs, device);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
