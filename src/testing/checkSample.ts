import { dtypeOfFill, type Fill, type OpCases, type Sample } from '../autograd/cases.js';
import { cpu } from '../tensor/cpu.js';
import { roundToFloat16 } from '../tensor/float16.js';
import { Rng } from '../tensor/rng.js';
import { scope } from '../tensor/scope.js';
import { type DType, formatShape, isFloat } from '../tensor/shape.js';
import type { Device } from '../tensor/tensor.js';
import { checkKernel, checkKernelGradient, isFloatArray, type KernelReport, outputsOf } from './checkKernel.js';
import { type GradcheckReport, gradcheck } from './gradcheck.js';
import { drawFill, type HostArray, upload } from './hostArray.js';

/** The operands of a sample: the same for a seed, whatever ran before. */
export function drawOperands(sample: Pick<Sample, 'inputs'>, seed: number): HostArray[] {
  const rng = new Rng(seed);
  return sample.inputs.map((fill, i) => drawFill(fill, rng.split(i)));
}

/** The samples of an op with float16 operands wherever it takes them, as far as float16 holds their values. */
export function halfSamples({ op, samples }: OpCases): Sample[] {
  const { half = [] } = op.def;
  const narrowed = samples.map((sample): Sample => {
    const inputs = sample.inputs.map((fill, i): Fill => {
      const takes = (half === 'all' || half.includes(i)) && dtypeOfFill(fill) === 'float32';
      return takes ? { ...fill, dtype: 'float16' } : fill;
    });
    return { ...sample, inputs };
  });
  const fits = ({ dtype, values = [] }: Fill) =>
    dtype !== 'float16' || values.every((x) => !Number.isFinite(x) || Number.isFinite(roundToFloat16(x)));
  return narrowed.filter(({ inputs }) => inputs.some(({ dtype }) => dtype === 'float16') && inputs.every(fits));
}

/** The samples of an op that a device can hold: a device without float16 has none with a float16 operand or result. */
export function samplesFor(cases: OpCases, { capabilities }: Pick<Device, 'capabilities'>): readonly Sample[] {
  if (capabilities.float16) return cases.samples;
  return cases.samples.filter((sample) => {
    const inputs = sample.inputs.map(dtypeOfFill);
    return ![...inputs, ...outputTypes(cases, sample)].includes('float16');
  });
}

/**
 * How often a sample may be differentiated: 0 if the sample says so, if the op updates something in place and has no VJP,
 * or if no input or no output is a float.
 */
export function differentiability({ op }: OpCases, sample: Sample): 0 | 1 | 2 {
  if ((op.def.vjp === null && op.def.donates?.length) || !drawOperands(sample, 0).some(isFloatArray)) return 0;
  return outputTypes({ op }, sample).some((dtype) => isFloat({ dtype })) ? (sample.order ?? 2) : 0;
}

function outputTypes({ op }: Pick<OpCases, 'op'>, sample: Sample): DType[] {
  const device = cpu();
  return scope(() => {
    const operands = drawOperands(sample, 0).map((x) => upload(device, x));
    return outputsOf(op, operands, sample.attrs).map(({ dtype }) => dtype);
  });
}

/** Gradcheck of one sample in float64, up to `order`; whatever it throws names the op and the sample. */
export function checkGradients(cases: OpCases, sample: Sample, order: 1 | 2, seed: number): Promise<GradcheckReport> {
  return naming(cases, sample, () => {
    const device = cpu();
    const inputs = drawOperands(sample, seed).map((x) => upload(device, x));
    return gradcheck((...xs) => outputsOf(cases.op, xs, sample.attrs), inputs, { order, seed });
  });
}

/** One sample on a device against the reference, values and gradients; whatever it throws names the op and the sample. */
export function checkOnDevice(cases: OpCases, sample: Sample, device: Device, seed: number): Promise<KernelReport> {
  return naming(cases, sample, async () => {
    const { op, tolerance } = cases;
    const operands = drawOperands(sample, seed);
    const values = await checkKernel(op, operands, sample.attrs, device, tolerance);
    if (differentiability(cases, sample) === 0) return values;
    const gradients = await checkKernelGradient(op, operands, sample.attrs, device, tolerance, seed);
    return {
      elements: values.elements + gradients.elements,
      worst: Math.max(values.worst, gradients.worst),
    };
  });
}

async function naming<T>({ op }: OpCases, { inputs, attrs }: Sample, check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    const call = [...inputs.map(({ shape }) => formatShape(shape)), ...(attrs ? [JSON.stringify(attrs)] : [])];
    if (error instanceof Error) error.message = `${op.def.name}(${call.join(', ')}): ${error.message}`;
    throw error;
  }
}
