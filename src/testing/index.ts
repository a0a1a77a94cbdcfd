/** Checks of gradients and kernels for ops of one's own, the registry of wgrad's, their times, and the choice of kernels by measurement. */
export type { BenchCase, ErrorCase, Fill, OpCases, Sample } from '../autograd/cases.js';
export { GradcheckError } from '../errors.js';
export { type BenchEntry, type BenchRow, benchEntries, benchOp, type Timer } from './bench.js';
export { type BenchReport, formatBenchReport, parseBenchReport } from './benchReport.js';
export { type Ceilings, measureCeilings } from './ceilings.js';
export { checkKernel, checkKernelGradient, type KernelReport } from './checkKernel.js';
export { checkGradients, checkOnDevice, differentiability, drawOperands, samplesFor } from './checkSample.js';
export { type ChoiceStore, loadChoices } from './choiceStore.js';
export { formatTable } from './formatTable.js';
export { type GradcheckOptions, type GradcheckReport, gradcheck, type TensorFunction } from './gradcheck.js';
export { drawFill, type HostArray, upload } from './hostArray.js';
export { type KernelChoice, kernelChoices } from './kernelChoices.js';
export { launchesOf } from './launchesOf.js';
export { allCases, casesOf } from './registry.js';
export { type Clock, Stopwatch, type Timing } from './stopwatch.js';
export { gradientTolerance, kernelTolerance, type Tolerance } from './tolerance.js';
export { type TuneCall, type TuneOptions, type TuneResult, tune, tuneCallOf } from './tune.js';
