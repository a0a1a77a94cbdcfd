/** Files: safetensors, state dicts in PyTorch's names and layouts, checkpoints, and writes that leave nothing half done. */
export { appendLine, writeFileAtomic } from './atomicFile.js';
export {
  type Checkpoint,
  type Json,
  loadCheckpoint,
  loadWeights,
  type Progress,
  saveCheckpoint,
} from './checkpoint.js';
export { choicesFile } from './choicesFile.js';
export type { ArrayData, Dtype } from './dtypes.js';
export { fileError } from './fileError.js';
export { MatMembers, type MatValue, readMat5 } from './mat5.js';
export { formatOnnx, type OnnxAttribute, type OnnxModel, type OnnxNode, type OnnxValue, OPSET } from './onnx.js';
export { formatSafetensors, parseSafetensors, type Safetensors, type StoredTensor } from './safetensors.js';
export {
  checkState,
  type ExpectedShapes,
  flattenState,
  type StateDict,
  type StateTensor,
  type StateTree,
  unflattenState,
} from './stateDict.js';
export { fromTorchLayout, permuteAxes, torchShape, toTorchLayout } from './torchLayout.js';
export { downloadState, shapesOf, uploadState } from './treeState.js';
export { formatWeights, parseWeights, type WeightsOptions } from './weights.js';
export { readWeightsFile, type WeightsFile } from './weightsFile.js';
