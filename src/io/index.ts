/** Weights as bytes: safetensors, state dicts in PyTorch's names and layouts, checkpoints. Files are in `wgrad/io/node`. */
export { printable } from '../errors.js';
export { float16Bits } from '../tensor/float16.js';
export {
  type Checkpoint,
  formatCheckpoint,
  type Json,
  OPTIMIZER,
  type Progress,
  parseCheckpoint,
} from './checkpoint.js';
export { counted } from './counted.js';
export { crc32 } from './crc32.js';
export { type ArrayData, type DiskDtype, type Dtype, diskDtypes } from './dtypes.js';
export { excerpt, excerptOfList } from './excerpt.js';
export { JsonEntry } from './jsonEntry.js';
export { parseJsonText } from './jsonText.js';
export {
  formatSafetensors,
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
  storedTensor,
} from './safetensors.js';
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
export { downloadState, stateShapes, uploadState } from './treeState.js';
export { formatWeights, parseWeights, type WeightsOptions } from './weights.js';
