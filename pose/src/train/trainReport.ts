import { counted } from 'wgrad/io';
import { parameterCount } from 'wgrad/nn';
import { brokenText } from '../brokenPictures.js';
import { cropExample } from '../report/cropExample.js';
import type { Example, Fact, RunReport, Score } from '../report/runReport.js';
import { massWithin } from '../uncertainty/errorDensity.js';
import type { Baselines } from './baselines.js';
import { lossText, networkText, optimiserText } from './configText.js';
import { duration } from './duration.js';
import type { Evaluation } from './evaluate.js';
import { imagesText, type LoadedSample } from './samples.js';
import type { ScoredPoses } from './scores.js';
import type { Session } from './session.js';

const MAIN_THRESHOLD = 0.2;
const GALLERY = 12;
const RANKED = 4;
/** Side of the report's pictures, for a data set that has finer ones than the network sees. */
const PICTURE = 360;

/** Collects all that the report of a finished run shows. */
export async function trainReport(
  session: Session,
  evaluation: Evaluation,
  baselines: Baselines,
  seconds: number,
): Promise<RunReport> {
  const { data, config, progress } = session;
  const { schema } = data.dataset;
  const { scores, predictions, uncertainty, density } = evaluation;
  const joints = schema.joints.length;
  const errors = data.test.map((_, n) => mean(scores.distances.subarray(n * joints, (n + 1) * joints)));
  const example = async (n: number): Promise<Example> => {
    const row = (values: Float64Array, size = 2) => values.subarray(size * n * joints, size * (n + 1) * joints);
    const expected = uncertainty && {
      mean: row(uncertainty.labels.mean),
      covariance: row(uncertainty.labels.covariance, 3),
    };
    const correct = row(scores.correct, 1);
    const summary = { error: errors[n], correct: mean(correct) };
    const sample = data.test[n];
    const picture = await sample.picture?.(PICTURE);
    return cropExample(sample, sample.crop, row(predictions.mu), expected, summary, picture);
  };
  const examples = (numbers: readonly number[]) => Promise.all(numbers.map(example));
  const ranking = [...errors.keys()].filter((n) => !Number.isNaN(errors[n])).sort((a, b) => errors[a] - errors[b]);
  const middle = Math.max(0, Math.floor((ranking.length - RANKED) / 2));
  return {
    title: `${TITLES[data.dataset.name] ?? data.dataset.name} with ${config.loss.toUpperCase()}`,
    summary:
      `${networkText(config)}, trained for ${counted(config.epochs, 'epoch')} on ` +
      `${imagesText(data.train)} of ${data.dataset.name} with the ${lossText(config)} loss; every number below is from ${counted(data.test.length, 'image')} ` +
      'that it has not seen.',
    facts: facts(session, seconds),
    schema,
    thresholds: [0.1, 0.2, 0.5],
    mainThreshold: MAIN_THRESHOLD,
    network: { ...asScore('network', scores, uncertainty?.expected), uncertainty: uncertainty?.score },
    baselines: [
      asScore('mean pose', baselines.meanPose),
      ...(baselines.ridge ? [asScore('ridge regression', baselines.ridge)] : []),
    ],
    epochs: progress.history.map(({ epoch, trainLoss, validLoss, pck20, mpjpe, paMpjpe }) => ({
      epoch,
      trainLoss,
      validLoss,
      pck: Number.isNaN(pck20) ? undefined : pck20,
      mpjpe,
      paMpjpe,
    })),
    gallery: await examples(spaced(data.test, GALLERY)),
    ranked: {
      best: await examples(ranking.slice(0, RANKED)),
      median: await examples(ranking.slice(middle, middle + RANKED)),
      worst: await examples(ranking.slice(-RANKED).reverse()),
    },
    uncertainty: uncertainty && {
      spread: uncertainty.expected,
      error: uncertainty.distances,
      ellipseMass: massWithin(uncertainty.errors, 1),
    },
    density,
  };
}

const TITLES: Readonly<Record<string, string>> = { figures: 'Generated figures', lsp: 'Leeds Sports Pose' };

function facts({ device, config, data, learner, progress }: Session, seconds: number): Fact[] {
  const trained = progress.history.reduce((sum, { imagesPerSecond }) => sum + 1 / imagesPerSecond, 0);
  return [
    { label: 'Device', value: device.description },
    {
      label: 'Data',
      value: `${data.dataset.name}: ${imagesText(data.train, thousands(data.train.length))}, ${thousands(data.test.length)} held out`,
    },
    ...(progress.broken.length > 0 ? [{ label: 'Left out', value: brokenText(progress.broken) }] : []),
    { label: 'Network', value: networkText(config) },
    ...(config.init === null ? [] : [{ label: 'Initial weights', value: config.init }]),
    { label: 'Parameters', value: thousands(parameterCount(learner.params)) },
    { label: 'Loss', value: lossText(config) },
    { label: 'Optimiser', value: optimiserText(config) },
    {
      label: 'Epochs',
      value: `${config.epochs} of ${counted(progress.step / config.epochs, 'step', undefined, thousands(progress.step / config.epochs))}`,
    },
    { label: 'Batch', value: String(config.batch) },
    { label: 'Seed', value: String(config.seed) },
    { label: 'Time', value: duration(seconds) },
    { label: 'Speed', value: `${(progress.history.length / trained).toFixed(1)} images/s of training` },
  ];
}

function asScore(name: string, scores: ScoredPoses, spread?: Float64Array): Score {
  const { pck10, pck20, pck50, pckh50, error, space, joints } = scores;
  const column = (values: Float64Array, k: number) => values.filter((_, i) => i % joints.length === k);
  return {
    name,
    pck: [pck10, pck20, pck50],
    ...(pckh50 !== undefined && { pckh: pckh50 }),
    meanError: error,
    space,
    perJoint: {
      pck: joints.map((joint) => joint.pck20),
      meanError: joints.map((joint) => joint.error),
      spread: spread && joints.map((_, k) => mean(column(spread, k))),
    },
  };
}

/** The mean of the values that are numbers; NaN if there are none. */
function mean(values: Float64Array): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Indices of `count` samples at equal distances, chosen without looking at them. */
function spaced(samples: readonly LoadedSample[], count: number): number[] {
  const shown = Math.min(count, samples.length);
  return Array.from({ length: shown }, (_, i) => Math.floor((i * samples.length) / shown));
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
