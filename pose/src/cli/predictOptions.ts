import { DataError } from 'wgrad';
import { ORIENTATIONS, type Orientation } from '../datasets/annotations.js';
import { MAX_PIXELS } from '../node/images.js';
import { SUPPRESSIONS, type Suppression } from '../predict/suppressAlike.js';
import { decimal, flagOf } from '../train/settings.js';
import { checkBackend } from './openBackend.js';

/** The options as they are typed. */
export interface PredictFlags {
  readonly run?: string;
  readonly weights?: string;
  readonly part?: string;
  readonly boxes?: string;
  readonly category?: string;
  readonly minScore?: string;
  readonly imageList?: string;
  readonly orientation?: string;
  readonly out?: string;
  readonly overlays?: string;
  readonly level?: string;
  readonly flipTest?: boolean;
  readonly nms?: string;
  readonly nmsThreshold?: string;
  readonly joints?: string;
  readonly sigmas?: string;
  readonly batch: string;
  readonly maxPixels?: string;
  readonly backend: string;
}

const MOST_PEOPLE = 1024;

/** What the options say that stand for themselves. */
export interface PredictOptions {
  readonly maxPixels: number;
  /** People at a time. */
  readonly batch: number;
  readonly minScore?: number | undefined;
  readonly orientation?: Orientation | undefined;
  /** The share of the density that ellipses hold. */
  readonly level?: number | undefined;
  readonly suppression?: [kind: Suppression, threshold?: number] | undefined;
}

/** @throws DataError naming an option that does not take what was typed, or that has no effect without another one */
export function predictOptions(flags: PredictFlags): PredictOptions {
  checkBackend(flags.backend);
  if ((flags.run === undefined) === (flags.weights === undefined)) {
    throw new DataError('predict: give the network with --run FOLDER or with --weights FILE');
  }
  const alone = (['category', 'minScore', 'imageList'] as const).find((name) => flags[name] !== undefined);
  if (alone && flags.boxes === undefined) {
    throw new DataError(`${flagOf(alone)}: about the boxes of a file; give that with --boxes FILE as well`);
  }
  return {
    maxPixels: pixelLimit(flags.maxPixels),
    batch: batchSize(flags.batch),
    minScore: minScoreOf(flags),
    orientation: orientationOf(flags.orientation),
    level: levelOf(flags),
    suppression: suppressionOf(flags),
  };
}

function batchSize(text: string): number {
  const size = Number(text);
  if (/^\d+$/.test(text) && size >= 1 && size <= MOST_PEOPLE) return size;
  throw new DataError(`--batch ${text}: expected an integer from 1 to ${MOST_PEOPLE}`);
}

function pixelLimit(text = String(MAX_PIXELS)): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= Number.MAX_SAFE_INTEGER) return limit;
  throw new DataError(`--max-pixels ${text}: expected an integer above 0`);
}

/** @throws DataError where it is no score */
function minScoreOf({ minScore }: PredictFlags): number | undefined {
  if (minScore === undefined) return undefined;
  const score = decimal(minScore);
  if (score >= 0 && score <= 1) return score;
  throw new DataError(`--min-score ${minScore}: expected a score from 0 to 1, such as 0.3`);
}

/** @throws DataError where the option is neither */
function orientationOf(text: string | undefined): Orientation | undefined {
  const found = ORIENTATIONS.find((name) => name === text);
  if (found || text === undefined) return found;
  throw new DataError(`--orientation ${text}: expected ${ORIENTATIONS.join(' or ')}`);
}

/** @throws DataError where the level is no share, or where nothing is drawn */
function levelOf({ level, overlays }: PredictFlags): number | undefined {
  if (level === undefined) return undefined;
  const share = decimal(level);
  if (!(share > 0 && share < 1)) {
    throw new DataError(`--level ${level}: expected a share between 0 and 1, such as 0.9`);
  }
  if (overlays !== undefined) return share;
  throw new DataError('--level: ellipses are drawn by --overlays FOLDER; give that as well');
}

/** @throws DataError for an unknown kind, and for a threshold that is no number or that no kind uses */
function suppressionOf({ nms, nmsThreshold }: PredictFlags): [kind: Suppression, threshold?: number] | undefined {
  const threshold = nmsThreshold === undefined ? undefined : decimal(nmsThreshold);
  if (threshold !== undefined && !(threshold > 0 && threshold <= 1)) {
    throw new DataError(`--nms-threshold ${nmsThreshold}: expected an OKS above 0 and up to 1, such as 0.9`);
  }
  if (nms === undefined) {
    if (threshold === undefined) return undefined;
    throw new DataError('--nms-threshold: nothing is suppressed without --nms; give that as well');
  }
  const kind = SUPPRESSIONS.find((name) => name === nms);
  if (!kind) throw new DataError(`--nms ${nms}: expected ${SUPPRESSIONS.join(' or ')}`);
  return [kind, threshold];
}
