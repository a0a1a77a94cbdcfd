/** wgrad: automatic differentiation on WebGPU. Devices, tensors, derivatives and ops; layers and losses have paths of their own. */

export { detectAnomaly } from './autograd/anomaly.js';
export type { Arity } from './autograd/attributes.js';
export { type Captured, type CaptureOptions, capture } from './autograd/capture.js';
export { checkpoint } from './autograd/checkpoint.js';
export type { GradOptions } from './autograd/grad.js';
export { customVjp, grad, stopGradient, valueAndGrad, vjp } from './autograd/grad.js';
export { hvp, jacobian, jvp } from './autograd/jacobian.js';
export type { TapeEvent } from './autograd/observer.js';
export {
  type AnyOp,
  defineMultiOp,
  defineOp,
  firstOrderOnly,
  type Op,
  type OpDefinition,
  type Operand,
  once,
  type Pullback,
  type TensorSpec,
  type VjpContext,
} from './autograd/op.js';
export type { Places } from './autograd/tape.js';
export { type TraceEvent, traceTapes } from './autograd/traceTapes.js';
export { DataError, DeviceError, DisposedError, GradcheckError, ShapeError } from './errors.js';
export { full } from './kernels/creation/full.js';
export { randomNormal, randomUniform } from './kernels/creation/random.js';
export { nextSeed, randomSeed } from './kernels/creation/randomSeed.js';
export type { LeakyReluAttrs } from './kernels/elementwise/activation.js';
export { gelu, leakyRelu, relu, silu } from './kernels/elementwise/activation.js';
export { add, atan2, div, maximum, minimum, mul, neg, sub } from './kernels/elementwise/arithmetic.js';
export type { CastAttrs } from './kernels/elementwise/cast.js';
export { cast } from './kernels/elementwise/cast.js';
export type { ClampAttrs } from './kernels/elementwise/clamp.js';
export { clamp } from './kernels/elementwise/clamp.js';
export {
  equal,
  greater,
  greaterEqual,
  isFinite,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
} from './kernels/elementwise/comparison.js';
export type { DropoutAttrs } from './kernels/elementwise/dropout.js';
export { dropout } from './kernels/elementwise/dropout.js';
export { pow } from './kernels/elementwise/pow.js';
export {
  abs,
  cos,
  erf,
  exp,
  expm1,
  log,
  log1p,
  reciprocal,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from './kernels/elementwise/unary.js';
export { where } from './kernels/elementwise/where.js';
export { exactErf } from './kernels/exactErf.js';
export type { WarpAttrs } from './kernels/image/affineWarp.js';
export { affineWarp } from './kernels/image/affineWarp.js';
export type { ResizeAttrs } from './kernels/image/resizeBilinear.js';
export { resizeBilinear } from './kernels/image/resizeBilinear.js';
export { warpPixels } from './kernels/image/warpPixels.js';
export type { GatherAttrs } from './kernels/indexing/gather.js';
export { gather } from './kernels/indexing/gather.js';
export { oneHot } from './kernels/indexing/oneHot.js';
export type { TakeAlongAxisAttrs } from './kernels/indexing/takeAlongAxis.js';
export { takeAlongAxis } from './kernels/indexing/takeAlongAxis.js';
export type { ConcatAttrs } from './kernels/layout/concat.js';
export { concat, stack } from './kernels/layout/concat.js';
export type { FlipAttrs } from './kernels/layout/flip.js';
export { flip } from './kernels/layout/flip.js';
export type { PermuteAttrs } from './kernels/layout/permute.js';
export { permute } from './kernels/layout/permute.js';
export type { ReshapeAttrs } from './kernels/layout/reshape.js';
export { expandDims, reshape, squeeze } from './kernels/layout/reshape.js';
export type { PadAttrs, SliceAttrs } from './kernels/layout/slice.js';
export { pad, slice } from './kernels/layout/slice.js';
export type { BatchNormAttrs } from './kernels/norm/batchNorm.js';
export { batchNorm, batchNormAddRelu, batchNormRelu } from './kernels/norm/batchNorm.js';
export type { BatchNormEvalAttrs } from './kernels/norm/batchNormEval.js';
export { batchNormEval } from './kernels/norm/batchNormEval.js';
export { avgPool2d } from './kernels/pool/avgPool2d.js';
export { globalAveragePool } from './kernels/pool/globalAveragePool.js';
export { maxPool2d } from './kernels/pool/maxPool2d.js';
export type { PoolAttrs } from './kernels/pool/poolWindow.js';
export type { Conv1dAttrs } from './kernels/product/conv1d.js';
export { conv1d } from './kernels/product/conv1d.js';
export { conv2d, conv2dInput, conv2dWeight } from './kernels/product/conv2d.js';
export type { Conv2dNormAttrs } from './kernels/product/conv2dNorm.js';
export { conv2dNorm } from './kernels/product/conv2dNorm.js';
export type { Conv2dInputAttrs, Conv2dWeightAttrs, ConvAttrs } from './kernels/product/convGeometry.js';
export type { ConvTranspose2dAttrs } from './kernels/product/convTranspose2d.js';
export { convTranspose2d } from './kernels/product/convTranspose2d.js';
export { linear } from './kernels/product/linear.js';
export type { MatmulAttrs } from './kernels/product/matmul.js';
export { matmul } from './kernels/product/matmul.js';
export { cumsum } from './kernels/reduction/cumsum.js';
export type { ArgMaxAttrs } from './kernels/reduction/extremum.js';
export { argMax, max, min } from './kernels/reduction/extremum.js';
export { logSumExp } from './kernels/reduction/logSumExp.js';
export { mean } from './kernels/reduction/mean.js';
export type { ScanAttrs } from './kernels/reduction/scan.js';
export type { SoftmaxAttrs } from './kernels/reduction/softmax.js';
export { logSoftmax, softmax } from './kernels/reduction/softmax.js';
export type { ReduceAttrs } from './kernels/reduction/stages.js';
export type { BroadcastAttrs } from './kernels/reduction/sum.js';
export { broadcastTo, sum } from './kernels/reduction/sum.js';
export type { VarianceAttrs } from './kernels/reduction/variance.js';
export { variance } from './kernels/reduction/variance.js';
export { flatPieces, packParameters } from './tensor/arena.js';
export type {
  Bindable,
  Capabilities,
  Choices,
  DeviceStats,
  Launch,
  LaunchContext,
  MemoryReport,
  Program,
  Scratch,
  TypedArray,
  View,
} from './tensor/backend.js';
export { f32bits } from './tensor/backend.js';
export { cpu } from './tensor/cpu.js';
export { device } from './tensor/device.js';
export type { Nested, TensorData } from './tensor/nested.js';
export type { DispatchTime, HostTime, Profile } from './tensor/profile.js';
export { programs } from './tensor/programs.js';
export { Rng, type RngState } from './tensor/rng.js';
export { scope } from './tensor/scope.js';
export { type DType, formatShape, type Shape, sizeOf } from './tensor/shape.js';
export { shapesOnly } from './tensor/shapesOnly.js';
export { type Device, Tensor } from './tensor/tensor.js';
export { eachLeaf, eachTensor, mapTensors, tensorsOf } from './tensor/tree.js';
export { webgpu } from './tensor/webgpu.js';
export type { CompileProgress, WebGpuDevice, WebGpuOptions } from './tensor/webgpuDevice.js';
