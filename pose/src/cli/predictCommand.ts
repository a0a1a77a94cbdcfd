import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataError } from 'wgrad';
import { fileError, writeFileAtomic } from 'wgrad/io/node';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import { ORIENTATIONS, type Orientation } from '../datasets/annotations.js';
import { Tally } from '../datasets/tally.js';
import { askedJoints } from '../node/askedJoints.js';
import { decodePicture, MAX_PIXELS } from '../node/images.js';
import { listImages, withBoxesOf } from '../node/predict/imagesToPredict.js';
import { type EllipseSize, writeOverlays } from '../node/predict/overlays.js';
import { readPoseCheckpoint } from '../node/weightsFiles.js';
import { errorsOf } from '../predict/errorsOf.js';
import { formatResults } from '../predict/formatResults.js';
import type { BoxedImages } from '../predict/imageBoxes.js';
import type { ImageToPredict } from '../predict/imageToPredict.js';
import { jointsOf } from '../predict/jointsOf.js';
import { poseNetwork } from '../predict/poseNetwork.js';
import { predictPoses } from '../predict/predictPoses.js';
import { SUPPRESSIONS, type Suppression, suppressAlike } from '../predict/suppressAlike.js';
import { withAsked } from '../schemas/askedJoints.js';
import { SCHEMAS } from '../schemas/known.js';
import { sigmasFor } from '../schemas/sigmas.js';
import { duration } from '../train/duration.js';
import { decimal, flagOf } from '../train/settings.js';
import { type ErrorDensity, flipAveraged, massWithin, radiusHolding } from '../uncertainty/errorDensity.js';
import { checkpointFile } from './checkpointFile.js';
import { INTERRUPTED, untilInterrupt } from './interrupt.js';
import { loadingDisplay } from './loadingDisplay.js';
import { openBackend } from './openBackend.js';
import { say } from './say.js';
import { spareInputs, sparePictures } from './spareInputs.js';

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

/** Predicts, writes the files that were asked for, and reports on stderr what could not be read. */
export async function predictCommand(paths: readonly string[], flags: PredictFlags): Promise<void> {
  const began = performance.now();
  const maxPixels = pixelLimit(flags.maxPixels);
  const checkpoint = await readWeights(flags);
  const { conventions, architecture } = checkpoint;
  const schema = withAsked(jointsOf(checkpoint), await askedJoints(flags), checkpoint.path);
  if (flags.flipTest && !schema.flipPairs) {
    throw new DataError(
      `--flip-test: which of the ${architecture.joints} joints are left and which right is not known; give --joints, ` +
        `${SCHEMAS.map(({ name }) => name).join(', ')} or a file that tells it`,
    );
  }
  const level = levelOf(flags, checkpoint);
  const suppression = suppressionOf(flags);
  if (suppression) sigmasFor(schema, '--nms');
  if (flags.out !== undefined) await checkWritable(flags.out);
  const skipped = new Tally();
  const listed = await listImages(paths, skipped);
  const pictures = listed.map(({ path }) => path);
  if (flags.overlays !== undefined) await sparePictures(flags.overlays, pictures);
  const { boxes, imageList } = flags;
  if (flags.out !== undefined) await spareInputs(flags.out, [checkpoint.path, boxes, imageList, ...pictures]);
  const { images, leftOut, notes } = await boxedImages(listed, flags);
  const batch = Math.min(batchSize(flags.batch), peopleIn(images));
  const device = await openBackend(flags.backend);
  const display = loadingDisplay('predict');
  let failures = 0;
  const { signal, release } = untilInterrupt(() => {
    display.stop();
    say('stopping after these people; Ctrl-C again exits at once, without results');
  });
  try {
    const flipTest = flags.flipTest ?? false;
    const ofOne = await errorsOf(device, checkpoint);
    const errors = ofOne && flipTest ? flipAveraged(ofOne) : ofOne;
    const found = await predictPoses(images, {
      decode: (image) => decodePicture(image.path, { ...image, maxPixels }),
      ...{ network: poseNetwork(device, checkpoint), conventions, schema, batch, flipTest, errors, signal },
      onProgress: display.update,
      onFailure: ({ message }) => {
        failures++;
        display.stop();
        say(`wgrad-pose: ${message}`);
      },
    });
    display.stop();
    const missing = images.length - found.done;
    // Without results nothing is written: a file of that name may hold earlier ones.
    if (missing < images.length || found.poses.length > 0) {
      const poses = suppression ? suppressAlike(found.poses, schema, ...suppression) : found.poses;
      const results = formatResults(poses);
      if (flags.out === undefined) process.stdout.write(results);
      else await writeFileAtomic(flags.out, results);
      if (flags.overlays !== undefined && !found.error) {
        const drawn = await writeOverlays(flags.overlays, schema, poses, errors && ellipseSize(errors, level), signal);
        const undrawn = new Set(poses.map(({ image }) => image)).size - drawn.length;
        if (undrawn > 0) say(`${undrawn} overlays are not drawn`);
      }
      leftOut.addAll(skipped);
      for (const note of notes) say(note);
      if (leftOut.size > 0) say(`left out: ${leftOut.text()}`);
      const without = images.slice(0, found.done).filter(({ people }) => people?.length === 0).length;
      say(
        `${poses.length} people${alike(found.poses.length - poses.length)} in ${found.done} images${without > 0 ? `, ${without} of them without a box` : ''}; ` +
          `${failures > 0 ? `${failures} could not be read; ` : ''}${duration((performance.now() - began) / 1000)}`,
      );
    }
    if (missing > 0) say(`${missing} of ${images.length} images are missing`);
    if (found.error) throw found.error;
  } finally {
    release();
    display.stop();
    device.destroy();
  }
  if (failures > 0) process.exitCode = 1;
  if (signal.aborted) process.exitCode = INTERRUPTED;
}

/** @throws DataError where an option about boxes is no number, or is given without boxes */
async function boxedImages(images: readonly ImageToPredict[], flags: PredictFlags): Promise<BoxedImages> {
  const { boxes, category, imageList } = flags;
  const asked = orientationOf(flags.orientation);
  const oriented = (list: readonly ImageToPredict[]) =>
    asked ? list.map((image) => ({ ...image, orientation: asked })) : list;
  const minScore = flags.minScore === undefined ? undefined : decimal(flags.minScore);
  if (minScore !== undefined && !(minScore >= 0 && minScore <= 1)) {
    throw new DataError(`--min-score ${flags.minScore}: expected a score from 0 to 1, such as 0.3`);
  }
  if (boxes !== undefined) {
    const found = await withBoxesOf(images, boxes, { category, minScore, imageList });
    return { ...found, images: oriented(found.images) };
  }
  const alone = (['category', 'minScore', 'imageList'] as const).find((name) => flags[name] !== undefined);
  if (alone) throw new DataError(`${flagOf(alone)}: about the boxes of a file; give that with --boxes FILE as well`);
  return { images: oriented(images), leftOut: new Tally(), notes: [] };
}

/** @throws DataError where the option is neither */
function orientationOf(text: string | undefined): Orientation | undefined {
  const found = ORIENTATIONS.find((name) => name === text);
  if (found || text === undefined) return found;
  throw new DataError(`--orientation ${text}: expected ${ORIENTATIONS.join(' or ')}`);
}

/** Checks before the work that its result can be saved. @throws DataError where a file could not be written there */
async function checkWritable(file: string): Promise<void> {
  await access(dirname(file), constants.W_OK).catch((cause: unknown) => {
    throw fileError('cannot write', file, cause);
  });
}

async function readWeights({ run, weights, part }: PredictFlags): Promise<PoseCheckpoint> {
  if ((run === undefined) === (weights === undefined)) {
    throw new DataError('predict: give the network with --run FOLDER or with --weights FILE');
  }
  return readPoseCheckpoint(weights ?? (await checkpointFile(run as string)), part);
}

/** @throws DataError where the level is no share, or where no ellipse would be drawn with it */
function levelOf({ level, overlays }: PredictFlags, { path, architecture }: PoseCheckpoint): number | undefined {
  if (level === undefined) return undefined;
  const share = decimal(level);
  if (!(share > 0 && share < 1)) {
    throw new DataError(`--level ${level}: expected a share between 0 and 1, such as 0.9`);
  }
  if (overlays === undefined)
    throw new DataError('--level: ellipses are drawn by --overlays FOLDER; give that as well');
  if (architecture.sigma) return share;
  throw new DataError(`--level: ${path} does not say how sure it is, so that there are no ellipses to draw`);
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

const alike = (dropped: number): string => (dropped > 0 ? ` (${dropped} more were like better ones)` : '');

function ellipseSize(errors: ErrorDensity, level?: number): EllipseSize {
  const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
  if (level !== undefined) {
    return {
      radius: radiusHolding(errors, level),
      caption: `Ellipses hold ${percent(level)} of the predicted density`,
    };
  }
  const mass = Math.round(100 * massWithin(errors, 1)) / 100;
  return { radius: 1, caption: `Ellipses: one standard deviation, ${percent(mass)} of the predicted density` };
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

function peopleIn(images: readonly ImageToPredict[]): number {
  return images.reduce((sum, { people }) => sum + (people?.length ?? 1), 0);
}
