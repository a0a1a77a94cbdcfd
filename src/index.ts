/** wgrad: automatic differentiation on WebGPU. Devices, tensors, derivatives and ops; layers and losses have paths of their own. */

export { detectAnomaly } from './autograd/anomaly.js';
export { type Captured, type CaptureOptions, capture } from './autograd/capture.js';
export { checkpoint } from './autograd/checkpoint.js';
export { customVjp, grad, stopGradient, valueAndGrad, vjp } from './autograd/grad.js';
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
export { DataError, DeviceError, DisposedError, GradcheckError, ShapeError } from './errors.js';
export type { LeakyReluAttrs } from './kernels/activation.js';
export { gelu, leakyRelu, relu, silu } from './kernels/activation.js';
export { avgPool2d } from './kernels/avgPool2d.js';
export type { BatchNormAttrs } from './kernels/batchNorm.js';
export { batchNorm, batchNormAddRelu, batchNormRelu } from './kernels/batchNorm.js';
export type { BatchNormEvalAttrs } from './kernels/batchNormEval.js';
export { batchNormEval } from './kernels/batchNormEval.js';
export { add, atan2, div, maximum, minimum, mul, sub } from './kernels/binary.js';
export type { CastAttrs } from './kernels/cast.js';
export { cast } from './kernels/cast.js';
export type { ClampAttrs } from './kernels/clamp.js';
export { clamp } from './kernels/clamp.js';
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
} from './kernels/compare.js';
export type { ConcatAttrs } from './kernels/concat.js';
export { concat, stack } from './kernels/concat.js';
export { conv2d, conv2dInput, conv2dWeight } from './kernels/conv2d.js';
export type { Conv2dNormAttrs } from './kernels/conv2dNorm.js';
export { conv2dNorm } from './kernels/conv2dNorm.js';
export type { Conv2dInputAttrs, Conv2dWeightAttrs, ConvAttrs } from './kernels/convGeometry.js';
export type { ConvTranspose2dAttrs } from './kernels/convTranspose2d.js';
export { convTranspose2d } from './kernels/convTranspose2d.js';
export type { CumsumAttrs } from './kernels/cumsum.js';
export { cumsum } from './kernels/cumsum.js';
export type { ArgMaxAttrs } from './kernels/extremum.js';
export { argMax, max, min } from './kernels/extremum.js';
export { full } from './kernels/fill.js';
export type { FlipAttrs } from './kernels/flip.js';
export { flip } from './kernels/flip.js';
export type { GatherAttrs } from './kernels/gather.js';
export { gather } from './kernels/gather.js';
export { globalAveragePool } from './kernels/globalAveragePool.js';
export { linear } from './kernels/linear.js';
export { logSumExp } from './kernels/logSumExp.js';
export type { MatmulAttrs } from './kernels/matmul.js';
export { matmul } from './kernels/matmul.js';
export { maxPool2d } from './kernels/maxPool2d.js';
export { mean } from './kernels/mean.js';
export { neg } from './kernels/neg.js';
export type { PermuteAttrs } from './kernels/permute.js';
export { permute } from './kernels/permute.js';
export type { PoolAttrs } from './kernels/poolWindow.js';
export { pow } from './kernels/pow.js';
export { randomNormal, randomUniform } from './kernels/random.js';
export type { BroadcastAttrs } from './kernels/reduce.js';
export { broadcastTo, sum } from './kernels/reduce.js';
export type { ReduceAttrs } from './kernels/reduction.js';
export type { ReshapeAttrs } from './kernels/reshape.js';
export { expandDims, reshape, squeeze } from './kernels/reshape.js';
export type { PadAttrs, SliceAttrs } from './kernels/slice.js';
export { pad, slice } from './kernels/slice.js';
export type { SoftmaxAttrs } from './kernels/softmax.js';
export { logSoftmax, softmax } from './kernels/softmax.js';
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
} from './kernels/unary.js';
export { where } from './kernels/where.js';
export { packParameters } from './tensor/arena.js';
export type {
  Bindable,
  Capabilities,
  Device,
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
export { device } from './tensor/open.js';
export type { DispatchTime, HostTime, Profile } from './tensor/profile.js';
export { programs } from './tensor/programs.js';
export { Rng, type RngState } from './tensor/rng.js';
export { scope } from './tensor/scope.js';
export type { DType, Shape } from './tensor/shape.js';
export { shapesOnly } from './tensor/shapesOnly.js';
export { Tensor } from './tensor/tensor.js';
export { eachTensor, mapTensors, tensorsOf } from './tensor/tree.js';
export { webgpu } from './tensor/webgpu.js';
export type { CompileProgress, WebGpuDevice, WebGpuOptions } from './tensor/webgpuDevice.js';
