/**
 * Human pose regression on wgrad, as far as browsers can have it: crops, augmentation, networks, training, prediction on decoded
 * pictures, metrics, generated figures, checkpoints of other codes. Files, folders, threads and reports are in `wgrad-pose/node`.
 */
export { type Affine, applyAffine, composeAffine, invertAffine } from './affine.js';
export { augmentColour, augmentCrop, rleAugmentation } from './augment.js';
export type { AugmentOptions } from './augmentation/augmentOptions.js';
export type { HalfBody } from './augmentation/halfBody.js';
export { type Recipe, recipeOptions, type Strength } from './augmentation/recipes.js';
export type { Spread } from './augmentation/spread.js';
export { type SampleVariation, varySample } from './augmentation/varySample.js';
export * as backbone from './backbones/backbone.js';
export * as hrnet from './backbones/hrnet.js';
export * as mobilenetV2 from './backbones/mobilenetV2.js';
export { type BrokenPicture, PictureError } from './brokenPictures.js';
export { cameraPoints } from './cameraPoints.js';
export { type Architecture, describeArchitecture } from './checkpoints/architecture.js';
export type { Conventions } from './checkpoints/conventions.js';
export { type LoadedNetwork, networkOf } from './checkpoints/networkOf.js';
export { onnxNetwork } from './checkpoints/onnxNetwork.js';
export type { PoseCheckpoint } from './checkpoints/poseCheckpoint.js';
export { type FormattedCheckpoint, formatPoseCheckpoint, poseCheckpointOf } from './checkpoints/poseCheckpoint.js';
export { type CocoTruth, withAreas } from './coco/areas.js';
export { type PairedPoses, type PosePair, pairPoses, stackPairs } from './coco/posePairs.js';
export type { CocoResult, ResultOptions } from './coco/results.js';
export { resultsOf } from './coco/results.js';
export { schemaOf } from './coco/schemaOf.js';
export {
  type Crop,
  cropAround,
  cropToImage,
  decodeJoints,
  encodeJoints,
  inputToImage,
  mirrorCrop,
  PADDING,
} from './crop.js';
export {
  type Box,
  checkSample,
  jointBox,
  type PoseDataset,
  type PoseSample,
  type PoseSplit,
  type RgbImage,
  type SpatialLabels,
  type SplitOrigin,
} from './dataset.js';
export {
  type Annotation,
  type Annotations,
  type Category,
  type Id,
  ORIENTATIONS,
  type Orientation,
  type Picture,
} from './datasets/annotations.js';
export { boxTableAnnotations } from './datasets/boxes.js';
export { detections, withPictureNames } from './datasets/detections.js';
export { isAnnotations, jsonAnnotations } from './datasets/jsonAnnotations.js';
export { matAnnotations } from './datasets/matAnnotations.js';
export { PicturePaths } from './datasets/picturePaths.js';
export { Tally } from './datasets/tally.js';
export { type DrawnPose, drawLabel, drawPose, overlayViewBox } from './draw.js';
export { defaultFigures, type FigureOptions, figures } from './figures/figures.js';
export type { LabelNoise } from './figures/labels.js';
export type { PoseVariety } from './figures/pose.js';
export type { SceneVariety } from './figures/scene.js';
export { type FlipPoses, flipAverage } from './flipAverage.js';
export { MatMembers, type MatValue, readMat5 } from './formats/mat5.js';
export {
  formatOnnx,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxValue,
  OPSET,
} from './formats/onnx.js';
export type { WeightsFile } from './formats/weightsFile.js';
export { modelWeights, parseWeightsFile } from './formats/weightsFile.js';
export { type DecodedHeatmaps, type DecodeOptions, decodeHeatmaps } from './heatmaps/decodeHeatmaps.js';
export { type GaussianMapOptions, type GaussianMaps, gaussianMaps } from './heatmaps/gaussianMaps.js';
export * as heatmapHead from './heatmaps/heatmapHead.js';
export { type DsntOptions, dsnt, type HeatmapLossOptions, heatmapMse, jensenShannon } from './heatmaps/heatmapLoss.js';
export * as heatmapRegressor from './heatmaps/heatmapRegressor.js';
export { type Debias, mapDistribution, mapMean, type SoftArgmaxOptions, softArgmax } from './heatmaps/softArgmax.js';
export { meanPose } from './meanPose.js';
export {
  calibrationError,
  coverage,
  intervalCoverage,
  pit,
  pitHistogram,
  sharpness,
} from './metrics/calibration.js';
export { type CocoApOptions, type CocoScores, cocoAp } from './metrics/cocoAp.js';
export { type ConfidenceCorrelation, confidenceCorrelation } from './metrics/confidenceCorrelation.js';
export { pearson, spearman } from './metrics/correlation.js';
export { type LabelPlaces, placeLabels, placeLabelsNormally } from './metrics/labelPlaces.js';
export { type AlignmentVariant, mpjpe, nMpjpe, paMpjpe } from './metrics/mpjpe.js';
export { type Keypoints, type OksTruth, oks, poseOks } from './metrics/oks.js';
export { oksNms, type ScoredPose, softOksNms } from './metrics/oksNms.js';
export { auc, jointDistances, meanError, normLengths, type Pck, pck } from './metrics/pck.js';
export { headSizes, MPII_EXCLUDED, pckh } from './metrics/pckh.js';
export { bboxKeypoint, bboxRle, keypointScores } from './metrics/poseConfidence.js';
export { type RiskCoverage, riskCoverage } from './metrics/riskCoverage.js';
export { type PoseScore, scorePoses } from './metrics/scorePoses.js';
export { applySimilarity, fitSimilarity, type SimilarityTransform } from './metrics/similarityTransform.js';
export { type UncertaintyScore, uncertaintyScore } from './metrics/uncertaintyScore.js';
export type { PosePairs3d } from './posePairs3d.js';
export { posePairs3dOf } from './posePairs3d.js';
export type { Poses3d } from './poses3d.js';
export { poses3dOf } from './poses3d.js';
export { errorsOf } from './predict/errorsOf.js';
export { formatResults } from './predict/formatResults.js';
export { type BoxChoice, type BoxedImages, boxesOfJson, withBoxes } from './predict/imageBoxes.js';
export type { ImageToPredict, PersonBox } from './predict/imageToPredict.js';
export { jointsOf } from './predict/jointsOf.js';
export { type PoseNetwork, poseNetwork } from './predict/poseNetwork.js';
export {
  type PoseInSpace,
  type PredictedPose,
  type PredictedPoses,
  type PredictOptions,
  predictPoses,
} from './predict/predictPoses.js';
export type { RunReport } from './report/runReport.js';
export { fitRidge, type Ridge, THUMBNAIL, thumbnail } from './ridge.js';
export { coco17, crowdpose14, flipOrder, type JointSchema, type Limb, lsp14, type PersonSchema } from './schema.js';
export { h36m18, MPII_TO_H36M } from './schemas/h36m18.js';
export { mpii16 } from './schemas/mpii16.js';
export { posetrack18 } from './schemas/posetrack18.js';
export { DEPTH_UNIT, DIMS, type Dims, decodeSpatialJoints, dropOutside, encodeSpatialJoints } from './targets.js';
export { type Baselines, fitBaselines } from './train/baselines.js';
export { type BatchConfig, TrainingBatches } from './train/batches.js';
export { checkpointOf, resumeSession, type SavedRun, savedRunOf } from './train/checkpointing.js';
export { closeEpoch } from './train/closeEpoch.js';
export {
  HEADS,
  type HeadName,
  LOG_S,
  LOSS_NAMES,
  type LogSName,
  type LossName,
  Q_NAMES,
  type QName,
  type TrainConfig,
} from './train/config.js';
export type { CropBatch } from './train/cropBatch.js';
export { withDims } from './train/dims.js';
export { type Evaluation, evaluate } from './train/evaluate.js';
export { type InitialWeights, initFrom, initialWeightsOf, withNetworkOf } from './train/initialWeights.js';
export { type InputSize, inputSize } from './train/inputSize.js';
export { type ErrorSource, learnedErrors } from './train/learnedDensity.js';
export {
  capturedTrainStep,
  evaluatedParams,
  initLearner,
  type Learner,
  type TrainStep,
  trainStep,
} from './train/learner.js';
export { makeConfig } from './train/makeConfig.js';
export { applyModel, initModel, lossOf, type ModelParams, type ModelState } from './train/model.js';
export { type Network, type Predictions, predict } from './train/predict.js';
export type { BatchSource } from './train/prefetch.js';
export type { Ranks } from './train/ranks.js';
export {
  type LoadedData,
  type LoadedSample,
  type LoadOptions,
  loadData,
  type TrainingSamples,
} from './train/samples.js';
export { type ScoredPoses, scoreAll } from './train/scores.js';
export {
  type EpochSummary,
  endSession,
  type RunProgress,
  type Session,
  type SessionOptions,
  startSession,
} from './train/session.js';
export { type SpaceScore, scoreInSpace } from './train/spaceScore.js';
export { Team } from './train/team.js';
export { type TestedUncertainty, testUncertainty } from './train/testUncertainty.js';
export { DivergedError, type StepReport, trainEpoch } from './train/trainEpoch.js';
export { trainReport } from './train/trainReport.js';
export { drawLabels } from './uncertainty/drawLabels.js';
export {
  type ErrorDensity,
  errorDensity,
  flipAveraged,
  massWithin,
  radiusHolding,
} from './uncertainty/errorDensity.js';
export {
  decodeLabels,
  type ExpectedLabels,
  ellipsesOf,
  expectedDistances,
  expectedLabels,
} from './uncertainty/expectedLabels.js';
export { colourRows, IMAGENET_MEAN, IMAGENET_STD, warpCrop } from './warp.js';
