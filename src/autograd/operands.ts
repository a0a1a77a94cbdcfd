import { DeviceError, ShapeError } from '../errors.js';

import { holds } from '../tensor/elements.js';
import { type DType, requireDType, requireFloats, requireOneDType } from '../tensor/shape.js';
import { type Device, Tensor } from '../tensor/tensor.js';
import { notAnOperand } from './attributes.js';

/** What an op takes: a tensor, or a number that stands for a tensor of shape []. */
export type Operand = Tensor | number;

/** The device of all operands. */
export function commonDevice(name: string, operands: readonly Operand[]): Device {
  let device: Device | undefined;
  for (let i = 0; i < operands.length; i++) {
    const x: unknown = operands[i];
    if (typeof x === 'number') continue;
    if (!(x instanceof Tensor)) throw notAnOperand(name, i, x);
    device ??= x.device;
    if (x.device !== device) {
      throw new DeviceError(
        `${name}: operands are on different devices (${device.description}; ${x.device.description}); ` +
          'read one with data() and make it again with device.tensor()',
      );
    }
  }
  if (!device) throw new ShapeError(`${name}: at least one operand must be a tensor, so that the device is known`);
  return device;
}

/** What an op says of the dtypes that it takes; see `OpDefinition`. */
interface TakenDTypes {
  readonly anyDType?: boolean;
  readonly half?: 'all' | readonly number[];
}

/** Throws a ShapeError unless the operands have dtypes that the op takes. */
export function checkDTypes(name: string, { anyDType, half = [] }: TakenDTypes, inputs: readonly Tensor[]): void {
  if (anyDType) return;
  if (half === 'all') requireFloats(name, inputs);
  else {
    const chosen = half.flatMap((i) => inputs[i] ?? []);
    if (chosen.some((x) => x.dtype === 'float16')) requireOneDType(name, chosen);
    const may = (i: number) => half.includes(i) && inputs[i].dtype === 'float16';
    requireDType(
      name,
      inputs.map((x, i) => (may(i) ? FLOAT32 : x)),
      'float32',
    );
  }
}

const FLOAT32 = { dtype: 'float32' } as const;

/** The dtype that numbers among the operands take: that of the first tensor, but float32 beside float16, for more digits. */
export function dtypeOfNumbers(operands: readonly Operand[]): DType | undefined {
  const dtype = operands.find((x) => x instanceof Tensor)?.dtype;
  return dtype === 'float16' ? 'float32' : dtype;
}

/** @internal The tensor that a number among the operands stands for. */
export function scalarOperand(name: string, i: number, device: Device, x: number, dtype: DType = 'float32'): Tensor {
  if (holds(dtype, x)) return device.scalar(x, dtype);
  throw new ShapeError(
    `${name}: operand ${i} is ${x}, which is no ${dtype}; use one, or convert the other operands with cast`,
  );
}
