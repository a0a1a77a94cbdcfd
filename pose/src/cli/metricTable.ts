import { DataError } from 'wgrad';
import { withAreas } from '../coco/areas.js';
import { type PairedPoses, type PosePair, stackPairs } from '../coco/posePairs.js';
import { schemaOf } from '../coco/schemaOf.js';
import { Tally } from '../datasets/tally.js';
import { cocoAp } from '../metrics/cocoAp.js';
import { type LabelPlaces, placeLabelsNormally } from '../metrics/labelPlaces.js';
import { mpjpe, nMpjpe, paMpjpe } from '../metrics/mpjpe.js';
import { auc, jointDistances, meanError, normLengths, pck } from '../metrics/pck.js';
import { excludedOf, headSizes, pckh } from '../metrics/pckh.js';
import { uncertaintyScore } from '../metrics/uncertaintyScore.js';
import { readPosePairs3d, readResults } from '../node/jsonFiles.js';
import type { Poses3d } from '../poses3d.js';
import type { JointSchema } from '../schema.js';
import { type AskedJoints, withAsked } from '../schemas/askedJoints.js';
import { sigmasFor } from '../schemas/sigmas.js';
import { covarianceOf, type ExpectedLabels } from '../uncertainty/expectedLabels.js';
import { say } from './say.js';
import { readPairs, readTruth, type ScoredPairs } from './scoredPairs.js';

/** The files of an evaluation, and the options of some metrics, as they are typed. */
export interface MetricFlags {
  readonly annotations: string;
  readonly results: string;
  readonly variant?: string;
  readonly area?: string;
  readonly threshold?: string;
  readonly norm?: string;
  /** What is said of the joints beside the files. */
  readonly asked?: AskedJoints;
}

export type MetricOption = Exclude<keyof MetricFlags, 'annotations' | 'results' | 'asked'> | JointOption;

/** What says which joints there are; sigmas are OKS's alone. */
const JOINT_OPTIONS = ['run', 'joints', 'sigmas'] as const;
type JointOption = (typeof JOINT_OPTIONS)[number];
const JOINTS = { run: 'text', joints: 'text' } as const;

/** Figures by name, the most important first. */
export type Scores = Readonly<Record<string, number>>;

export interface Metric {
  /** Describes the metric in the help text. */
  readonly about: string;
  readonly options: Readonly<Partial<Record<MetricOption, readonly string[] | 'number' | 'text'>>>;
  readonly score: (flags: MetricFlags) => Promise<Scores>;
}

const NORMS = ['torso', 'box', 'head'] as const;

/** What `wgrad-pose evaluate --metric` knows. */
export const METRICS: Readonly<Record<string, Metric>> = {
  coco: {
    about: 'average precision and recall by OKS',
    options: { variant: ['pycocotools'], area: ['annotation', 'box'], ...JOINTS, sigmas: 'text' },
    score: async ({ annotations, results, variant, area, asked }) => {
      const truth = await readTruth(annotations);
      const sigmas = sigmasFor(withAsked(schemaOf(truth), asked, annotations), '--metric coco');
      const told = new Tally();
      const found = await readResults(results, truth, { told });
      if (told.size > 0) say(`of note: ${told.text()}`);
      return {
        ...cocoAp(withAreas(truth, area === 'box' ? 'box' : 'annotation'), found, {
          sigmas,
          variant: variant === 'pycocotools' ? variant : 'exact',
        }),
      };
    },
  },
  pck: onPixels(
    'share of joints within --threshold (0.2) of the --norm (torso)',
    ['threshold', 'norm'],
    (poses, flags) => {
      const threshold = numberOf(flags.threshold, 0.2);
      const isBoxed = flags.norm === undefined && !poses.schema.normaliser;
      const norm = isBoxed ? 'box' : (flags.norm ?? 'torso');
      const { mean, perJoint } = pck(poses.distances, poses.weights, lengthsOf(poses, norm), threshold);
      return { [`PCK@${threshold}${isBoxed ? ' by box' : ''}`]: mean, ...byJoint(poses.names, perJoint) };
    },
  ),
  pckh: onPixels(
    'share of joints within --threshold (0.5) of the head size, as MPII',
    ['threshold'],
    (poses, flags) => {
      const threshold = numberOf(flags.threshold, 0.5);
      const { distances, weights, names } = poses;
      const { mean, perJoint } = pckh(distances, weights, lengthsOf(poses, 'head'), threshold, excludedOf(names));
      return { [`PCKh@${threshold}`]: mean, ...byJoint(poses.names, perJoint) };
    },
  ),
  auc: onPixels(
    'mean of PCK at 0, 1.5, ... 28.5 pixels, as mmpose: 0.95 at best',
    [],
    ({ distances, weights, pairs }) => ({
      AUC: auc(distances, weights, pairs.length),
    }),
  ),
  epe: onPixels('mean distance in pixels', [], ({ distances, weights }) => ({ EPE: meanError(distances, weights) })),
  nme: onPixels('mean distance by the --norm (box)', ['norm'], (poses, flags) => {
    return { NME: meanError(poses.distances, poses.weights, lengthsOf(poses, flags.norm ?? 'box')) };
  }),
  calibration: {
    about: 'whether the covariances of the results are true, as if of normal densities',
    options: {},
    score: async (flags) => {
      const { pairs } = await readPairs(flags.annotations, flags.results, true);
      const score = uncertaintyScore(placeOf(pairs));
      if (!score) throw new DataError(`${flags.annotations}: nobody in it has both labels and a box; nothing to score`);
      const at = (shares: readonly number[], level: number) => shares[score.levels.indexOf(level)];
      return {
        'calibration error': score.calibrationError,
        ...Object.fromEntries([0.5, 0.9].map((level) => [`coverage@${level}`, at(score.coverage, level)])),
        ...Object.fromEntries([0.5, 0.9].map((level) => [`ellipses@${level}`, at(score.ellipseCoverage, level)])),
        sharpness: score.sharpness,
        AURC: score.aurc,
        'excess AURC': score.excessAurc,
        Pearson: score.pearson,
        Spearman: score.spearman,
      };
    },
  },
  mpjpe: inSpace('mean 3-D distance in millimetres', {}, (truth, { points }) => ({
    MPJPE: mpjpe(points, truth.points, truth.weights),
  })),
  'pa-mpjpe': inSpace(
    'the same after rotation, scale and shift',
    { variant: ['mmpose'] },
    (truth, { points }, flags) => ({
      'PA-MPJPE': paMpjpe(points, truth.points, truth.weights, truth.joints, flags.variant ? 'mmpose' : 'exact'),
    }),
  ),
  'n-mpjpe': inSpace('the same after scale', { variant: ['mmpose'] }, (truth, { points }, flags) => ({
    'N-MPJPE': nMpjpe(points, truth.points, truth.weights, truth.joints, flags.variant ? 'mmpose' : 'exact'),
  })),
};

interface PixelPoses extends PairedPoses, ScoredPairs {
  /** [N, K] in pixels. */
  readonly distances: Float64Array;
  readonly schema: JointSchema;
  /** [K]. */
  readonly names: readonly string[];
}

/** A metric of two COCO files. */
function onPixels(
  about: string,
  options: readonly ('threshold' | 'norm')[],
  score: (poses: PixelPoses, flags: MetricFlags) => Scores,
): Metric {
  const values = { threshold: 'number', norm: NORMS } as const;
  return {
    about,
    options: { ...JOINTS, ...Object.fromEntries(options.map((option) => [option, values[option]])) },
    score: async (flags) => {
      const { truth, pairs } = await readPairs(flags.annotations, flags.results);
      const poses = stackPairs(pairs, truth.joints);
      const schema = withAsked(schemaOf(truth), flags.asked, flags.annotations);
      const distances = jointDistances(poses.prediction, poses.target);
      return score({ ...poses, truth, schema, pairs, names: schema.joints, distances }, flags);
    },
  };
}

/** Where labels lie in the densities of their results, in units of the longer side of each person's box. */
function placeOf(pairs: readonly PosePair[]): LabelPlaces {
  const [mu, labels, mean, covariance]: number[][] = [[], [], [], []];
  for (const { truth, result } of pairs) {
    const side = Math.max(truth.box[2], truth.box[3]);
    for (let k = 0; side > 0 && 3 * k < truth.keypoints.length; k++) {
      if (!(truth.keypoints[3 * k + 2] > 0)) continue;
      const expected = result.expected as ExpectedLabels;
      for (const at of [3 * k, 3 * k + 1]) {
        mu.push(result.keypoints[at] / side);
        labels.push(truth.keypoints[at] / side);
      }
      mean.push(expected.mean[2 * k] / side, expected.mean[2 * k + 1] / side);
      covariance.push(...covarianceOf(expected.covariance, k).map((value) => value / side ** 2));
    }
  }
  const arrays = { mean: Float64Array.from(mean), covariance: Float64Array.from(covariance) };
  return placeLabelsNormally(arrays, Float64Array.from(mu), Float64Array.from(labels));
}

/** A metric of two files of 3-D poses. */
function inSpace(
  about: string,
  options: Metric['options'],
  score: (truth: Poses3d, prediction: Poses3d, flags: MetricFlags) => Scores,
): Metric {
  return {
    about,
    options,
    score: async (flags) => {
      const { truth, prediction } = await readPosePairs3d(flags.annotations, flags.results);
      return score(truth, prediction, flags);
    },
  };
}

/**
 * [N]: the length that each person's distances are divided by, in pixels; NaN, which leaves a person out, where the length is 0
 * or a joint of the torso is missing.
 */
function lengthsOf(poses: PixelPoses, norm: string): Float64Array {
  const lengths = normsOf(poses, norm);
  const missing = lengths.filter(Number.isNaN).length;
  if (missing > 0) say(`left out: ${missing} of ${lengths.length} people, whose ${norm} has no length`);
  return lengths;
}

function normsOf({ truth, schema, pairs, target, weights }: PixelPoses, norm: string): Float64Array {
  const boxes = pairs.map(({ truth: { box } }) => box);
  if (norm === 'torso' && schema.normaliser) return normLengths(schema, target, weights, boxes);
  if (norm === 'torso') {
    throw new DataError(
      `--norm torso: of ${schema.name} it is not known between which joints it runs; take --norm box`,
    );
  }
  if (norm === 'box') return Float64Array.from(boxes, ([, , width, height]) => Math.max(width, height) || Number.NaN);
  return headSizes(
    pairs.map(({ truth: { id, headBox } }) => {
      if (headBox) return headBox;
      throw new DataError(
        `${truth.file}: annotation ${id} has no "head_box": [x, y, width, height], which PCKh divides by`,
      );
    }),
  );
}

const numberOf = (text: string | undefined, byDefault: number): number =>
  text === undefined ? byDefault : Number(text);

const byJoint = (names: readonly string[], values: Float64Array): Scores =>
  Object.fromEntries(names.map((name, k) => [name, values[k]]));
