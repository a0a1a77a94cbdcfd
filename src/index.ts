/** wgrad: automatic differentiation on WebGPU. Devices, tensors, derivatives and ops; layers and losses have paths of their own. */

export { customVjp, grad, stopGradient, valueAndGrad, vjp } from './autograd/grad.js';
export { gradcheck } from './autograd/gradcheck.js';
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
export * from './kernels/index.js';
export { packParameters } from './tensor/arena.js';
export type {
  Capabilities,
  Device,
  DeviceStats,
  Launch,
  LaunchContext,
  MemoryReport,
  TypedArray,
} from './tensor/backend.js';
export { f32bits, program } from './tensor/backend.js';
export { cpu } from './tensor/cpu.js';
export { device } from './tensor/open.js';
export { Rng, type RngState } from './tensor/rng.js';
export { scope } from './tensor/scope.js';
export type { DType, Shape } from './tensor/shape.js';
export { Tensor } from './tensor/tensor.js';
export { eachTensor, mapTensors, tensorsOf } from './tensor/tree.js';
export { WebGpuDevice, type WebGpuOptions, webgpu } from './tensor/webgpu.js';
export type { KernelTime } from './tensor/webgpuProfiler.js';
