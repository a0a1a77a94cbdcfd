import { DataError } from 'wgrad';
import { counted, JsonEntry } from 'wgrad/io';
import { cameraPoints } from './cameraPoints.js';
import { type H36mLabels, h36mLabels, hasDepths } from './datasets/h36mLabels.js';
import { PicturePaths } from './datasets/picturePaths.js';
import { type Poses3d, poses3dOf } from './poses3d.js';
import { H36M_THORAX, h36m18 } from './schemas/h36m18.js';

/** Labels and predictions in space, pose by pose, in millimetres. */
export interface PosePairs3d {
  readonly truth: Poses3d;
  readonly prediction: Poses3d;
}

/**
 * Reads labels and predictions in space from the JSON of two files, in one of two forms. The first is two lists
 * [N, K, 3] of millimetres in the same order. The second is annotations of Human3.6M in the format of the official RLE
 * code, and results with `keypoints_3d`, as `wgrad-pose predict` writes them. A result is found by the path of its
 * picture, or else by its id; of two results for a picture, the one with the better score counts.
 *
 * For Human3.6M, all is done as the official code evaluates: x and y are projected back by the label's camera, z counts
 * from the label's root, and then both poses are measured from their own joint 0; the thorax and the three takes with a
 * wrong annotation do not count.
 * @param annotations names the file of the labels in messages, `results` that of the predictions
 * @throws DataError naming file and place of what is missing or broken
 */
export function posePairs3dOf(
  labels: unknown,
  predictions: unknown,
  annotations: string,
  results: string,
): PosePairs3d {
  if (!Array.isArray(labels) && !hasDepths(labels)) throw withoutDepths(annotations);
  if (!Array.isArray(labels)) return inCamera(h36mLabels(labels, annotations), annotations, predictions, results);
  const [truth, prediction] = [poses3dOf(labels, annotations), poses3dOf(predictions, results)];
  if (truth.count !== prediction.count || truth.joints !== prediction.joints) {
    throw new DataError(
      `${prediction.file}: ${counted(prediction.count, 'pose')} of ${counted(prediction.joints, 'joint')}, but ${truth.file} has ` +
        `${truth.count} of ${truth.joints}; give one prediction for each pose, in the same order`,
    );
  }
  const missing = truth.weights.findIndex((w, i) => w > 0 && prediction.weights[i] === 0);
  if (missing >= 0) {
    const [n, k] = [Math.floor(missing / truth.joints), missing % truth.joints];
    throw new DataError(`${prediction.file}: pose ${n}, joint ${k}: null, but ${truth.file} has a label for it`);
  }
  return { truth, prediction };
}

/** What is wrong with labels in pixels alone. @param file names them */
export function withoutDepths(file: string): DataError {
  return new DataError(
    `${file}: its labels have no depths; expected poses [[[x, y, z], ...], ...] in millimetres, or Human3.6M's annotations with ` +
      '"keypoints_world"',
  );
}

function inCamera(people: readonly H36mLabels[], annotations: string, content: unknown, results: string): PosePairs3d {
  if (people.length === 0) throw new DataError(`${annotations}: nobody in it has labels; there is nothing to score`);
  const joints = h36m18.joints.length;
  const found = resultsByPicture(content, results);
  const paths = [...found.keys()].filter((key) => typeof key === 'string');
  const places = new PicturePaths(paths).matches(
    people.map(({ name }) => name),
    results,
  );
  const [truth, prediction] = [0, 1].map(() => new Float64Array(people.length * joints * 3));
  people.forEach(({ name, image, joints: pixels, spatial }, n) => {
    const place = places[n];
    const result = place === undefined ? image !== undefined && found.get(image) : found.get(paths[place]);
    if (!result) throw new DataError(`${results}: no result for ${name} of ${annotations}; predict every picture`);
    truth.set(cameraPoints(pixels, spatial.depths, spatial), n * joints * 3);
    if (!result.has('keypoints_3d')) {
      throw result.error('keypoints_3d', 'expected joints with depths, as a network trained with --dims 3 gives them');
    }
    const seen = result.numbers('keypoints_3d', 3 * joints);
    const plane = seen.filter((_, i) => i % 3 < 2);
    const depths = seen.filter((_, i) => i % 3 === 2);
    prediction.set(cameraPoints(plane, depths, spatial), n * joints * 3);
  });
  const weights = Float64Array.from({ length: people.length * joints }, (_, i) => Number(i % joints !== H36M_THORAX));
  const poses = (file: string, points: Float64Array): Poses3d => ({
    ...{ file, count: people.length, joints, points, weights },
  });
  return { truth: poses(annotations, truth), prediction: poses(results, prediction) };
}

/** The best result of each picture, by the picture's path, or by its id where the results do not have names. */
function resultsByPicture(content: unknown, file: string): Map<string | number, JsonEntry> {
  if (!Array.isArray(content)) throw new DataError(`${file}: expected a list of results [{...}, ...]`);
  const best = new Map<string | number, JsonEntry>();
  content.forEach((value: unknown, i) => {
    const entry = new JsonEntry(value, file, `[${i}]`);
    const key = entry.has('file_name') ? entry.text('file_name') : entry.integer('image_id');
    const other = best.get(key);
    if (!other || entry.number('score') > other.number('score')) best.set(key, entry);
  });
  return best;
}
