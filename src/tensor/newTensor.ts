import { ShapeError } from '../errors.js';
import { checkElements } from './elements.js';
import { flattenData, type TensorData } from './nested.js';
import { checkDType, checkShape, type DType, formatShape, type Shape, sizeOf } from './shape.js';
import { type Device, Tensor } from './tensor.js';

/** A tensor in memory of its own, whose content is undefined unless `zero`; `by` checks what the user asked for. */
export function newTensor(by: string, device: Device, shape: Shape, dtype: DType, zero = false): Tensor {
  checkShape(by, shape);
  checkDType(by, dtype);
  return new Tensor(device, shape, dtype, device.allocate(dtype, sizeOf(shape), zero));
}

/** `Device.tensor` of every device. */
export function tensorOf(device: Device, nested: TensorData, dtype: DType, given?: Shape): Tensor {
  const { data, shape } = flattenData(nested, dtype, given);
  const t = newTensor('tensor', device, shape, dtype);
  device.write(t, data);
  return t;
}

/** What every device asks of elements before it writes them. */
export function checkWrite(device: Device, tensor: Tensor, data: ArrayLike<number>): void {
  tensor.assertDonatable('write');
  tensor.assertOn(device, 'write');
  if (data.length !== tensor.size) {
    throw new ShapeError(
      `write: shape ${formatShape(tensor.shape)} has ${tensor.size} elements, the data has ${data.length}`,
    );
  }
  checkElements('write', tensor.dtype, data);
}
