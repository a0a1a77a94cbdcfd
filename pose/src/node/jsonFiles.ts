import { readJsonFile } from 'wgrad/io/node';
import { type CocoGroundTruth, groundTruthOf } from '../coco/groundTruth.js';
import { type CocoResult, resultsOf } from '../coco/results.js';
import { type PosePairs3d, posePairs3dOf } from '../posePairs3d.js';
import { type Poses3d, poses3dOf } from '../poses3d.js';

/** Reads a COCO keypoints file. @throws DataError as `groundTruthOf`, and where it cannot be read or is not JSON */
export async function readGroundTruth(file: string, area?: 'annotation' | 'box'): Promise<CocoGroundTruth> {
  return groundTruthOf(await readJsonFile(file), file, area);
}

/** Reads a COCO results file. @throws DataError as `resultsOf`, and where it cannot be read or is not JSON */
export async function readResults(file: string, truth: CocoGroundTruth, uncertain?: boolean): Promise<CocoResult[]> {
  return resultsOf(await readJsonFile(file), file, truth, uncertain);
}

/** Reads 3-D poses. @throws DataError as `poses3dOf`, and where the file cannot be read or is not JSON */
export async function readPoses3d(file: string): Promise<Poses3d> {
  return poses3dOf(await readJsonFile(file), file);
}

/** Reads 3-D labels and predictions. @throws DataError as `posePairs3dOf`, and where a file cannot be read or is not JSON */
export async function readPosePairs3d(annotations: string, results: string): Promise<PosePairs3d> {
  const [labels, predictions] = await Promise.all([readJsonFile(annotations), readJsonFile(results)]);
  return posePairs3dOf(labels, predictions, annotations, results);
}
