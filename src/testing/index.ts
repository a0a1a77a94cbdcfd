/** Checks of gradients and kernels for ops of one's own, the registry of wgrad's, and the choice of kernels by measurement. */
export type { BenchCase, ErrorCase, Fill, OpCases, Sample } from '../autograd/cases.js';
export { GradcheckError } from '../errors.js';
export { checkKernel, checkKernelGradient, type KernelReport } from './checkKernel.js';
export { checkGradients, checkOnDevice, differentiability, drawOperands, samplesFor } from './checkSample.js';
export { type ChoiceStore, loadChoices } from './choiceStore.js';
export { formatTable } from './formatTable.js';
export { type GradcheckOptions, type GradcheckReport, gradcheck, type TensorFunction } from './gradcheck.js';
export { drawFill, type HostArray, upload } from './hostArray.js';
export { allCases, casesOf } from './registry.js';
export { gradientTolerance, kernelTolerance, type Tolerance } from './tolerance.js';
export { type TuneCall, type TuneOptions, type TuneResult, tune } from './tune.js';
