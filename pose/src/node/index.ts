/** What of wgrad-pose needs Node: data sets in folders, decoders of pictures, threads, runs and checkpoints on disk, reports. */

export { openDataset } from './datasets/openDataset.js';
export { type DataFiles, openFolder } from './datasets/openFolder.js';
export { readAnnotations } from './datasets/readAnnotations.js';
export {
  type DecodeImageOptions,
  decodeImage,
  decodePicture,
  MAX_PIXELS,
  PICTURE_FORMATS,
  type PictureReading,
} from './images.js';
export { readPosePairs3d, readPoses3d, readResults } from './jsonFiles.js';
export { listImages, withBoxesOf } from './predict/imagesToPredict.js';
export { renderReport } from './report/renderReport.js';
export { DataWorkers, defaultWorkers } from './train/dataWorkers.js';
export { loadRun, saveRun } from './train/runFile.js';
export { claimNewFolder, claimRunFolder, type RunFolder, runFolder } from './train/runFolder.js';
export { type TrainObserver, trainRun } from './train/trainRun.js';
export {
  loadWeights,
  readInitialWeights,
  readPoseCheckpoint,
  readWeightsFile,
  writePoseCheckpoint,
} from './weightsFiles.js';
