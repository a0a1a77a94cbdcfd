/** What of wgrad-pose needs Node: data sets in folders, decoders of pictures, threads, runs and checkpoints on disk, reports. */

export { boxed, readBoxes } from './datasets/boxes.js';
export { coco } from './datasets/coco.js';
export { h36m } from './datasets/h36m.js';
export { lsp } from './datasets/lsp.js';
export { mpii, mpiiTruths } from './datasets/mpii.js';
export { openDataset } from './datasets/openDataset.js';
export { decodeImage } from './images.js';
export { readGroundTruth, readPosePairs3d, readPoses3d, readResults } from './jsonFiles.js';
export { listImages, withBoxesOf } from './predict/imagesToPredict.js';
export { renderReport } from './report/renderReport.js';
export { DataWorkers, defaultWorkers } from './train/dataWorkers.js';
export { loadRun, saveRun } from './train/runFile.js';
export { freeRunFolder, openRunFolder, type RunFolder, runFolder } from './train/runFolder.js';
export { type TrainObserver, trainRun } from './train/trainRun.js';
export {
  loadWeights,
  readInitialWeights,
  readPoseCheckpoint,
  readWeightsFile,
  writePoseCheckpoint,
} from './weightsFiles.js';
