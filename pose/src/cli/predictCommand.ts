import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import { checkFolder, checkWritable, writeFileAtomic } from 'wgrad/io/node';
import { unreadText } from '../brokenPictures.js';
import { Tally } from '../datasets/tally.js';
import { askedJoints } from '../node/askedJoints.js';
import { decodePicture } from '../node/images.js';
import { listImages, withBoxesOf } from '../node/predict/imagesToPredict.js';
import { type EllipseSize, writeOverlays } from '../node/predict/overlays.js';
import { readPoseCheckpoint } from '../node/weightsFiles.js';
import { errorsOf, placeNote } from '../predict/errorsOf.js';
import { formatResults } from '../predict/formatResults.js';
import type { BoxedImages } from '../predict/imageBoxes.js';
import type { ImageToPredict } from '../predict/imageToPredict.js';
import { jointsOf } from '../predict/jointsOf.js';
import { poseNetwork } from '../predict/poseNetwork.js';
import { predictPoses } from '../predict/predictPoses.js';
import { suppressAlike } from '../predict/suppressAlike.js';
import { withAsked } from '../schemas/askedJoints.js';
import { SCHEMAS } from '../schemas/known.js';
import { sigmasFor } from '../schemas/sigmas.js';
import { duration } from '../train/duration.js';
import { type ErrorDensity, flipAveraged, massWithin, radiusHolding } from '../uncertainty/errorDensity.js';
import { checkpointFile } from './checkpointFile.js';
import { INTERRUPTED, untilInterrupt } from './interrupt.js';
import { loadingDisplay } from './loadingDisplay.js';
import { openBackend } from './openBackend.js';
import { type PredictFlags, type PredictOptions, predictOptions } from './predictOptions.js';
import { say } from './say.js';
import { spareInputs, sparePictures } from './spareInputs.js';

/** Predicts, writes the files that were asked for, and reports on stderr what could not be read. */
export async function predictCommand(paths: readonly string[], flags: PredictFlags): Promise<void> {
  const began = performance.now();
  const { maxPixels, level, suppression, ...options } = predictOptions(flags);
  const { out, overlays } = flags;
  if (out !== undefined) await checkWritable(out);
  if (overlays !== undefined) await checkFolder(overlays);
  const asked = await askedJoints(flags);
  const checkpoint = await readPoseCheckpoint(flags.weights ?? (await checkpointFile(flags.run as string)), flags.part);
  const { conventions, architecture } = checkpoint;
  const placed = placeNote(checkpoint);
  const schema = withAsked(jointsOf(checkpoint), asked, checkpoint.path);
  if (flags.flipTest && !schema.flipPairs) {
    throw new DataError(
      `--flip-test: of ${counted(architecture.joints, 'joint')} it is not known which are left and which right; give --joints, ` +
        `${SCHEMAS.map(({ name }) => name).join(', ')} or a file that tells it`,
    );
  }
  if (level !== undefined && !architecture.sigma) {
    throw new DataError(
      `--level: ${checkpoint.path} does not say how sure it is, so that there are no ellipses to draw`,
    );
  }
  if (suppression) sigmasFor(schema, '--nms');
  const skipped = new Tally();
  const listed = await listImages(paths, skipped);
  const pictures = listed.map(({ path }) => path);
  if (overlays !== undefined) await sparePictures(overlays, pictures);
  const { boxes, imageList } = flags;
  if (out !== undefined) await spareInputs(out, [checkpoint.path, boxes, imageList, ...pictures]);
  const { images, leftOut, notes } = await boxedImages(listed, flags, options);
  const batch = Math.min(options.batch, peopleIn(images));
  const device = await openBackend(flags.backend);
  const display = loadingDisplay('predict');
  const unread = { pictures: 0, people: 0 };
  let outside = 0;
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
      onFailure: ({ message }, lost) => {
        if (lost.unread) {
          unread.pictures++;
          unread.people += lost.people;
        } else outside++;
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
      if (out === undefined) process.stdout.write(results);
      else await writeFileAtomic(out, results);
      if (overlays !== undefined && !found.error) {
        const drawn = await writeOverlays(overlays, schema, poses, errors && ellipseSize(errors, level), signal);
        const undrawn = new Set(poses.map(({ image }) => image)).size - drawn.length;
        if (undrawn > 0) say(`overlays that are not drawn: ${undrawn}`);
      }
      leftOut.addAll(skipped);
      leftOut.add('boxes outside of a picture', outside);
      for (const note of placed ? [...notes, placed] : notes) say(note);
      if (leftOut.size > 0) say(`left out: ${leftOut.text()}`);
      if (unread.pictures > 0) say(`left out: ${unreadText(unread.pictures, unread.people)}`);
      const without = images.slice(0, found.done).filter(({ people }) => people?.length === 0).length;
      say(
        `${counted(poses.length, 'person', 'people')}${alike(found.poses.length - poses.length)} in ${counted(found.done, 'image')}${without > 0 ? `, ${without} of them without a box` : ''}; ` +
          `${duration((performance.now() - began) / 1000)}`,
      );
    }
    if (missing > 0) say(`images that are missing: ${missing} of ${images.length}`);
    if (found.error) throw found.error;
  } finally {
    release();
    display.stop();
    device.destroy();
  }
  if (unread.pictures + outside > 0) process.exitCode = 1;
  if (signal.aborted) process.exitCode = INTERRUPTED;
}

/** The images with the boxes of `--boxes`, if that is given; without it each is one person. @throws DataError as `withBoxesOf` */
async function boxedImages(
  images: readonly ImageToPredict[],
  { boxes, category, imageList }: PredictFlags,
  { minScore, orientation }: Pick<PredictOptions, 'minScore' | 'orientation'>,
): Promise<BoxedImages> {
  const found =
    boxes === undefined
      ? { images, leftOut: new Tally(), notes: [] }
      : await withBoxesOf(images, boxes, { category, minScore, imageList });
  return orientation ? { ...found, images: found.images.map((image) => ({ ...image, orientation })) } : found;
}

const alike = (dropped: number): string =>
  dropped > 0 ? ` (${counted(dropped, 'more was like a better one', 'more were like better ones')})` : '';

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

function peopleIn(images: readonly ImageToPredict[]): number {
  return images.reduce((sum, { people }) => sum + (people?.length ?? 1), 0);
}
