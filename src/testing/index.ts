/** Checks of gradients and kernels for ops of one's own, the registry of wgrad's, and the choice of kernels by measurement. */
export type { BenchCase, ErrorCase, Fill, OpCases, Sample } from '../autograd/cases.js';
export { checkKernel, checkKernelGradient, type KernelReport } from '../autograd/checkKernel.js';
export { drawFill, type HostArray, upload } from '../autograd/fill.js';
export { type GradcheckOptions, type GradcheckReport, gradcheck, type TensorFunction } from '../autograd/gradcheck.js';
export { gradientTolerance, kernelTolerance, type Tolerance } from '../autograd/tolerance.js';
export { GradcheckError } from '../errors.js';
export { type ChoiceStore, loadChoices } from '../kernels/choiceStore.js';
export { type TuneCall, type TuneOptions, type TuneResult, tune } from '../kernels/tune.js';
export { checkGradients, checkOnDevice, differentiability, drawOperands, samplesFor } from './checkSample.js';
export { allCases, casesOf } from './registry.js';
