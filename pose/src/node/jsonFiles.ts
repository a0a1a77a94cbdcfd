import { type CocoResult, type ResultOptions, resultsOf } from '../coco/results.js';
import type { Annotations } from '../datasets/annotations.js';
import { type PosePairs3d, posePairs3dOf, withoutDepths } from '../posePairs3d.js';
import { type Poses3d, poses3dOf } from '../poses3d.js';
import { isOtherThanJson } from './datasets/readAnnotations.js';
import { readJson } from './readJson.js';

/** Reads a COCO results file. @throws DataError as `resultsOf`, and where it cannot be read or is not JSON */
export async function readResults(file: string, truth: Annotations, options?: ResultOptions): Promise<CocoResult[]> {
  return resultsOf(await readJson(file), file, truth, options);
}

/** Reads 3-D poses. @throws DataError as `poses3dOf`, and where the file cannot be read or is not JSON */
export async function readPoses3d(file: string): Promise<Poses3d> {
  return poses3dOf(await readJson(file), file);
}

/** Reads 3-D labels and predictions. @throws DataError as `posePairs3dOf`, and where a file cannot be read or is not JSON */
export async function readPosePairs3d(annotations: string, results: string): Promise<PosePairs3d> {
  if (await isOtherThanJson(annotations)) throw withoutDepths(annotations);
  const [labels, predictions] = await Promise.all([readJson(annotations), readJson(results)]);
  return posePairs3dOf(labels, predictions, annotations, results);
}
