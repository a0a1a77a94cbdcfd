import { defaultFigures, figures } from '../../../pose/src/figures/figures.js';
import type { LabelNoise } from '../../../pose/src/figures/labels.js';
import { resultOf } from '../../../pose/src/node/compare/scoreRun.js';
import { closeEpoch } from '../../../pose/src/train/closeEpoch.js';
import type { TrainFlags } from '../../../pose/src/train/config.js';
import { evaluate } from '../../../pose/src/train/evaluate.js';
import { makeConfig } from '../../../pose/src/train/makeConfig.js';
import { type LoadedData, loadData } from '../../../pose/src/train/samples.js';
import { endSession, startSession } from '../../../pose/src/train/session.js';
import { trainEpoch } from '../../../pose/src/train/trainEpoch.js';
import type { Device } from '../../../src/tensor/tensor.js';

/** Losses by the names of their rows, as options of `wgrad-pose train`. */
export const LOSSES = {
  l1: { loss: 'l1' },
  laplace: { loss: 'laplace' },
  studentT: { loss: 'studentT' },
  dle: { loss: 'dle' },
  rle: { loss: 'rle' },
  'rle, log s': { loss: 'rle', logS: 'importance' },
} as const satisfies Readonly<Record<string, TrainFlags>>;
export type FigureLoss = keyof typeof LOSSES;

/** What figures are trained on, and for how long. */
export interface FigureSetting {
  readonly name: string;
  readonly labels: LabelNoise;
  /** Pictures to train on, and how often each comes: 1 = pictures never repeat. */
  readonly figures: number;
  readonly epochs: number;
}

/** A run's worth on figures it has not seen: joints against where they are, densities against noisy labels. */
export interface FigureRun {
  readonly noise: string;
  readonly form: FigureLoss;
  readonly seed: number;
  /** Shares of joints. */
  readonly pck10: number;
  readonly pck20: number;
  /** Mean distance from the truth, and mean width of the intervals for 90 %, in units of the crop's side. */
  readonly error: number;
  readonly sharpness?: number;
  /** Mean of |coverage - level|. */
  readonly calibration?: number;
  readonly seconds: number;
}

const EXACT: LabelNoise = { scale: 0, hidden: 1, outliers: 0, swaps: 0, short: 0 };
const ANNOTATED = defaultFigures.labels;
const FIXED = { figures: 2000, epochs: 6 } as const;

export const FIGURE_SETTINGS: readonly FigureSetting[] = [
  { name: 'annotated', labels: ANNOTATED, ...FIXED },
  { name: 'swapped', labels: { ...ANNOTATED, swaps: 0.3 }, ...FIXED },
  { name: 'skewed', labels: { ...ANNOTATED, short: 0.3 }, ...FIXED },
  { name: 'exact', labels: EXACT, ...FIXED },
  { name: 'never repeated', labels: ANNOTATED, figures: 12_000, epochs: 1 },
  { name: 'longer', labels: ANNOTATED, figures: 12_000, epochs: 4 },
];

/** Side of the pictures; the crop around a person is a little smaller. */
const PICTURE = 40;
const NETWORK: TrainFlags = { size: '32', width: '16' };
const TEST = 500;

export function drawFigures({ labels, figures: train }: FigureSetting, test = TEST): Promise<LoadedData> {
  return loadData(figures({ size: PICTURE, train, test, labels }));
}

/** Trains a network as `wgrad-pose train` does, and scores it. */
export async function trainFigures(
  setting: FigureSetting,
  form: FigureLoss,
  seed: number,
  data: LoadedData,
  device: Device,
): Promise<FigureRun> {
  const start = performance.now();
  const counts = { figures: String(setting.figures), epochs: String(setting.epochs), seed: String(seed) };
  const session = startSession(device, makeConfig({ ...NETWORK, ...LOSSES[form], ...counts }, device.kind), data);
  const { signal } = new AbortController();
  const warn = (text: string) => process.stderr.write(`${text}\n`);
  try {
    while (session.progress.epoch < setting.epochs) {
      await trainEpoch(session, () => undefined, warn, signal);
      await closeEpoch(session);
    }
    const { scores } = resultOf(session, await evaluate(session));
    if (!scores) throw new Error(`${setting.name}, ${form}, seed ${seed}: no scores`);
    const { pck10, pck20, error, calibration } = scores;
    return {
      noise: setting.name,
      form,
      seed,
      ...{ pck10, pck20, error },
      ...(calibration && { calibration: calibration.error, sharpness: calibration.sharpness }),
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    endSession(session);
  }
}
