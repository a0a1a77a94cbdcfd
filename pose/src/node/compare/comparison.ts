import { basename } from 'node:path';
import type { PoseScore } from '../../metrics/scorePoses.js';
import type { JointSchema } from '../../schema.js';
import type { TrainConfig } from '../../train/config.js';
import { type Contrast, contrastsOf } from './contrasts.js';
import type { Cost } from './cost.js';
import type { PlannedRun } from './plan.js';
import { type RowName, rowOf } from './rows.js';
import type { RunConfidence, RunScores } from './runResult.js';
import { type Spread, spreadOf } from './spread.js';

/** All that `compare.json` holds and the report shows; PCK are fractions, lengths in units of the crop's side. */
export interface Comparison {
  readonly data: DataSummary;
  /** Where times were taken. */
  readonly device: string;
  /** What all rows have in common. */
  readonly config: SharedConfig;
  readonly seeds: readonly number[];
  readonly baselines: readonly BaselineScore[];
  readonly rows: readonly RowSummary[];
  /** Of PCK@0.2. */
  readonly contrasts: readonly Contrast[];
}

export interface DataSummary {
  readonly name: string;
  readonly schema: JointSchema;
  readonly train: number;
  readonly test: number;
}

/** Without the places of data, joints and weights, which are this machine's alone. */
export type SharedConfig = Omit<
  TrainConfig,
  'data' | 'train' | 'test' | 'images' | 'joints' | 'sigmas' | 'loss' | 'head' | 'q' | 'logS' | 'seed'
>;

/** The figures that are compared, for a predictor without seeds. */
export type BaselineScore = { readonly name: string } & Readonly<Record<Figure, number>>;

export const FIGURES = ['pck10', 'pck20', 'pck50', 'error'] as const;
export type Figure = (typeof FIGURES)[number];

/** One method over its seeds. */
export interface RowSummary {
  readonly row: RowName;
  readonly about: string;
  /** Seeds that have scores. */
  readonly seeds: readonly number[];
  readonly diverged: readonly { readonly seed: number; readonly why: string }[];
  readonly cost: Cost;
  readonly scores: Readonly<Record<Figure, Spread>>;
  /** Absent where the network says nothing of how sure it is. */
  readonly confidence?: ConfidenceSummary;
  /** As `RunCalibration`; absent where no run has it. */
  readonly calibration?: { readonly error: Spread; readonly sharpness: Spread };
  /** Held-out PCK@0.2 by epoch, mean over the seeds. */
  readonly curve: readonly number[];
}

export interface ConfidenceSummary {
  /** As `ConfidenceCorrelation`. */
  readonly joints: { readonly pearson: Spread; readonly spearman: Spread };
  readonly people: { readonly pearson: Spread; readonly spearman: Spread };
  readonly aurc: Spread;
  /** [RISKS], mean over the seeds. */
  readonly risk: readonly number[];
}

/** Sums up what is done of a comparison's runs. @param costs by row */
export function summarise(
  runs: readonly PlannedRun[],
  known: Pick<Comparison, 'data' | 'device' | 'baselines'>,
  costs: ReadonlyMap<RowName, Cost>,
): Comparison {
  const rows = [...new Set(runs.map(({ row }) => row))];
  const summaries = rows.map((row) =>
    summaryOf(
      row,
      runs.filter((run) => run.row === row),
      costs.get(row) as Cost,
    ),
  );
  const { data, train, test, images, joints, sigmas, loss, head, q, logS, seed, init, ...config } = runs[0].config;
  return {
    ...known,
    config: { ...config, init: init && basename(init) },
    seeds: [...new Set(runs.map((run) => run.seed))],
    rows: summaries,
    contrasts: contrastsOf(new Map(summaries.map(({ row, scores }) => [row, scores.pck20]))),
  };
}

function summaryOf(row: RowName, runs: readonly PlannedRun[], cost: Cost): RowSummary {
  const scored = runs.filter(({ result }) => result?.scores);
  const scores = scored.map(({ result }) => result?.scores as RunScores);
  const spread = (figure: (scores: RunScores) => number) => spreadOf(scores.map(figure));
  const calibrated = scores.flatMap(({ calibration }) => calibration ?? []);
  const sure = scores.flatMap(({ confidence }) => confidence ?? []);
  return {
    row,
    about: rowOf(row).about,
    seeds: scored.map(({ seed }) => seed),
    diverged: runs.flatMap(({ seed, result }) => (result?.diverged ? [{ seed, why: result.diverged }] : [])),
    cost,
    scores: {
      pck10: spread(({ pck10 }) => pck10),
      pck20: spread(({ pck20 }) => pck20),
      pck50: spread(({ pck50 }) => pck50),
      error: spread(({ error }) => error),
    },
    ...(sure.length > 0 && { confidence: confidenceOf(sure) }),
    ...(calibrated.length > 0 && {
      calibration: {
        error: spreadOf(calibrated.map(({ error }) => error)),
        sharpness: spreadOf(calibrated.map(({ sharpness }) => sharpness)),
      },
    }),
    curve: meanCurve(scored.map(({ result }) => result?.curve ?? [])),
  };
}

function confidenceOf(all: readonly RunConfidence[]): ConfidenceSummary {
  const spread = (figure: (confidence: RunConfidence) => number) => spreadOf(all.map(figure));
  return {
    joints: { pearson: spread((c) => c.joints.pearson), spearman: spread((c) => c.joints.spearman) },
    people: { pearson: spread((c) => c.people.pearson), spearman: spread((c) => c.people.spearman) },
    aurc: spread((c) => c.aurc),
    risk: meanCurve(all.map(({ risk }) => risk)),
  };
}

/** The mean of curves of one length. */
function meanCurve(curves: readonly (readonly number[])[]): number[] {
  return (curves[0] ?? []).map((_, i) => spreadOf(curves.map((curve) => curve[i])).mean);
}

/** The figures of a predictor that no seed decides. */
export function baselineScore(name: string, { pck10, pck20, pck50, error }: PoseScore): BaselineScore {
  return { name, pck10, pck20, pck50, error };
}
