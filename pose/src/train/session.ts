import { DataError, type Device, tensorsOf } from 'wgrad';
import type { Wire } from 'wgrad/ranks';
import type { BrokenPicture } from '../brokenPictures.js';
import { TrainingBatches } from './batches.js';
import type { TrainConfig } from './config.js';
import { inputSize } from './inputSize.js';
import { capturedTrainStep, initLearner, type Learner, type StepConfig, type TrainStep, trainStep } from './learner.js';
import { checkWarmUp } from './learningRate.js';
import type { BatchSource } from './prefetch.js';
import type { Share } from './ranks.js';
import type { LoadedData } from './samples.js';
import { type SharedStepOptions, sharedTrainStep } from './sharedStep.js';
import { Team } from './team.js';

/** One epoch as the log, the checkpoint and the report show it. */
export interface EpochSummary {
  /** Counts from 1. */
  readonly epoch: number;
  /** Mean over the epoch's images; each counts with its loss before the step that it was part of. */
  readonly trainLoss: number;
  /** On a fixed part of the test half. */
  readonly validLoss: number;
  readonly pck20: number;
  /** Absent where no head is annotated. */
  readonly pckh50?: number;
  /** In millimetres, of a run in 3-D; null where nobody's depths are known. */
  readonly mpjpe?: number | null;
  readonly paMpjpe?: number | null;
  /** Of training alone, without validation. */
  readonly imagesPerSecond: number;
  /** Updates of the run so far that were skipped because a gradient was not finite. */
  readonly skipped: number;
}

/** The state of a run on the host; together with the learner's tensors it is all that must be saved. */
export interface RunProgress {
  /** Epochs that are done. */
  epoch: number;
  /** Batches of the current epoch that are done, sum and number of their finite losses, the seconds they took. */
  batch: number;
  lossSum: number;
  lossCount: number;
  seconds: number;
  /** Steps since the beginning. */
  step: number;
  /** Pictures that are left out because they cannot be read, in the order in which the run met them. */
  broken: readonly BrokenPicture[];
  history: EpochSummary[];
}

/** A training run in memory. */
export interface Session {
  readonly device: Device;
  readonly config: TrainConfig;
  readonly data: LoadedData;
  readonly batches: BatchSource;
  readonly step: TrainStep;
  /** The ranks that share the run. */
  readonly team: Team;
  /** Which part of each batch this rank takes. */
  readonly share: Share;
  learner: Learner;
  readonly progress: RunProgress;
}

/** How a run is carried out; nothing here changes its numbers. */
export interface SessionOptions {
  /** The source of batches that are made in advance; by default each is made when it is needed. */
  readonly batches?: BatchSource;
  /** Call every op at every step instead of replaying a recorded step. */
  readonly eager?: boolean;
  /**
   * Compute the blocks of a ResNet again for their gradient instead of keeping their activations: slower, with less
   * memory.
   */
  readonly checkpoint?: boolean;
  /** The ranks that share the run, each with a session of the same configuration and data; default: this one alone. */
  readonly team?: Team;
  /** Of several ranks, batch norms see the images of all of them. */
  readonly syncBatchNorm?: boolean;
  /** How their gradients travel. */
  readonly wire?: Wire;
}

/** A run before its first step. */
export function startSession(
  device: Device,
  config: TrainConfig,
  data: LoadedData,
  options: SessionOptions = {},
): Session {
  const { team = new Team(), eager = false, checkpoint = false, syncBatchNorm = false, wire } = options;
  const share = { rank: team.rank, size: team.size, syncBatchNorm };
  const how = { ...config, checkpoint, share };
  const { batches = new TrainingBatches(data, how) } = options;
  checkCrops(data, config);
  checkWarmUp(config, batches.length);
  return {
    device,
    config,
    data,
    batches,
    step: stepOf(device, how, team, { eager, wire }),
    team,
    share,
    learner: initLearner(device, config, data.dataset.schema.joints.length),
    progress: {
      epoch: 0,
      batch: 0,
      lossSum: 0,
      lossCount: 0,
      seconds: 0,
      step: 0,
      broken: data.broken ?? [],
      history: [],
    },
  };
}

function stepOf(device: Device, how: StepConfig, team: Team, options: SharedStepOptions): TrainStep {
  if (team.size > 1) return sharedTrainStep(device, how, team, options);
  return options.eager ? (...step) => trainStep(device, how, ...step) : capturedTrainStep(device, how);
}

/** Frees the memory of a run on its device. */
export function endSession({ step, learner }: Session): void {
  step.dispose?.();
  for (const t of tensorsOf(learner)) t.dispose();
}

/** @throws DataError where evaluation would use crops of other proportions than training */
function checkCrops({ dataset, test }: LoadedData, config: TrainConfig): void {
  const { height, width } = inputSize(config);
  const [{ crop }] = test;
  if (Math.abs((crop.width * height) / (crop.height * width) - 1) < 1e-6) return;
  throw new DataError(
    `${dataset.name}: its crops are ${crop.width} x ${crop.height}, which do not suit inputs of ${width} x ${height}; ` +
      'load the data with { aspect: width / height } of the inputs',
  );
}
