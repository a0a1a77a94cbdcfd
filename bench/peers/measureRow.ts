import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '../../src/tensor/cpu.js';
import type { LaneProcess } from './laneProcess.js';
import { drawOperands, type Operands } from './operands.js';
import { loadArray, type Results, type StoredArray } from './protocol.js';
import { checkedImages, type Row, type Work } from './rows.js';
import { interleave } from './schedule.js';
import { relativeError, type Times } from './statistics.js';
import { prepareWork } from './wgradWork.js';

/** What became of a lane in a row: its times, or why it has none. */
export type Outcome = Times | { readonly note: string };

export interface MeasureOptions {
  /** Samples of each lane. */
  readonly rounds: number;
  /** The longest that a lane may take for one sample, and that the rounds of a row may take in all. */
  readonly capMs: number;
  /** Told what comes next: the reference of a network, or its first compilation in some library, takes minutes. */
  readonly onStage?: (what: string) => void;
}

const SAMPLE_MS = 20;
/**
 * A lane may take this many caps to prepare. Compiling is not measured: some libraries take minutes for a whole network,
 * and have it on disk the next time.
 */
const CAPS_TO_PREPARE = 4;
/** Float32 against float64, relative to the norm: what the tolerance table allows for gradients of whole models. */
const TOLERANCE = 1e-4;
/** For results of a step of Adam, which divides by the root of what may be rounding noise. */
const AFTER_ADAM = 1e-3;
/** TF32 has 10 bits of mantissa, 2^-11 = 5e-4 by product. */
const TF32_TOLERANCE = 2e-2;

/** Has every lane compute the row's work, compares it with the float64 reference, then times those that agree. */
export async function measureRow(
  row: Row,
  lanes: readonly LaneProcess[],
  { rounds, capMs, onStage }: MeasureOptions,
): Promise<Record<string, Outcome>> {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-peers-'));
  try {
    const checked = imagesOf(row.work) && checkedImages(row, imagesOf(row.work) as number);
    const operands = muted(row.work, await drawOperands(row.work), checked);
    const stored = await storeAll(operands, folder);
    onStage?.('computing in float64');
    let reference = isBeyondReference(row) ? undefined : await referenceOf(row.work, operands, checked);
    const outcomes: Record<string, Outcome> = {};
    const ready: LaneProcess[] = [];
    for (const lane of lanes) {
      onStage?.(`preparing ${lane.spec.name}`);
      const out = join(folder, lane.spec.name.replace(/\W/g, ''));
      await mkdir(out);
      const answer = await lane.ask(
        { ask: 'prepare', work: row.work, operands: stored, folder: out },
        CAPS_TO_PREPARE * capMs,
      );
      if ('unable' in answer) outcomes[lane.spec.name] = { note: answer.unable };
      else if (!('results' in answer))
        outcomes[lane.spec.name] = { note: 'error' in answer ? answer.error : 'no results' };
      else {
        const results = await loadResults(answer.results);
        // The row is too large for the reference: the results of the first lane, wgrad, take its place.
        reference ??= results;
        const wrong = disagreement(results, reference, lane.spec.tf32 ? TF32_TOLERANCE : TOLERANCE);
        if (wrong) outcomes[lane.spec.name] = { note: `wrong: ${wrong}` };
        else ready.push(lane);
      }
    }
    onStage?.(`timing ${ready.map(({ spec }) => spec.name).join(', ')}`);
    const contestants = ready.map((lane) => ({
      name: lane.spec.name,
      async time(repeats: number) {
        const answer = await lane.ask({ ask: 'time', repeats }, capMs);
        return 'ms' in answer ? answer.ms : { note: 'error' in answer ? answer.error : 'no time' };
      },
    }));
    const timed = await interleave(contestants, { sampleMs: SAMPLE_MS, rounds, budgetMs: capMs });
    for (const lane of lanes) if (lane.isOpen) await lane.ask({ ask: 'close' }, capMs);
    return { ...outcomes, ...Object.fromEntries(timed) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether the reference would take minutes: then the lanes are compared with each other. */
function isBeyondReference({ work, flop }: Row): boolean {
  return work.kind === 'step' && flop > 1e11;
}

/** Images, or rows of a product, that are computed apart from each other, except for the filter's gradient. */
function imagesOf(work: Work): number | undefined {
  if (work.kind === 'matmul') return work.m;
  return 'filter' in work ? work.x[0] : undefined;
}

/** The gradient of a filter sums over all images: those that the reference leaves out are made to add nothing. */
export function muted(work: Work, operands: Operands, checked: number | undefined): Operands {
  if (work.kind !== 'conv2dWeight' || checked === undefined) return operands;
  const g = operands.get('g')!;
  const data = Float32Array.from(g.data);
  data.fill(0, (data.length / g.shape[0]) * checked);
  return new Map([...operands, ['g', { ...g, data }]]);
}

/** What every library has to compute, in float64; of the leading images only where `checked` says so. */
export async function referenceOf(work: Work, operands: Operands, checked: number | undefined): Promise<Results> {
  if (checked === undefined) return prepareWork(cpu(), work, operands).results();
  const leading = [...operands].map(([name, { shape, data }]) => {
    if (!['a', 'x', 'g'].includes(name)) return [name, { shape, data }] as const;
    const part = data.subarray(0, (data.length / shape[0]) * checked);
    return [name, { shape: [checked, ...shape.slice(1)], data: part }] as const;
  });
  return prepareWork(cpu(), work, new Map(leading)).results();
}

/** The worst result that is not what it should be, or undefined. */
export function disagreement(results: Results, reference: Results, tolerance: number): string | undefined {
  for (const [name, expected] of Object.entries(reference)) {
    const allowed = name === 'loss after Adam' ? AFTER_ADAM : tolerance;
    const error = results[name] ? relativeError(results[name], expected) : Number.POSITIVE_INFINITY;
    if (!(error <= allowed)) return `${name} is off by ${error.toPrecision(2)} of its norm, ${allowed} is allowed`;
  }
  return undefined;
}

async function storeAll(operands: Operands, folder: string): Promise<StoredArray[]> {
  return Promise.all(
    [...operands].map(async ([name, { shape, data }], i) => {
      const file = join(folder, `${i}.f32`);
      await writeFile(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      return { name, shape, file };
    }),
  );
}

async function loadResults(stored: readonly StoredArray[]): Promise<Results> {
  const entries = stored.map(async (array) => [array.name, (await loadArray(array)).data as Float32Array] as const);
  return Object.fromEntries(await Promise.all(entries));
}
