import { type Device, scope, slice, type Tensor, warpPixels } from 'wgrad';
import type { LogSNodes } from 'wgrad/rle';
import type { Batch } from './batches.js';
import type { CropBatch } from './cropBatch.js';
import type { InputSize } from './inputSize.js';

/** Images with their labels on the device. */
export interface DeviceBatch {
  /** [B, H, W, 3], normalised. */
  readonly images: Tensor;
  /** [B, K, D] in crop units. */
  readonly target: Tensor;
  /** [B, K, 1], in 3-D [B, K, 3]. */
  readonly weight: Tensor;
}

/** What a training step reads besides the learner; all of it changes from step to step, and is on the device. */
export interface StepInput extends DeviceBatch {
  /** Where log s is estimated, if the loss counts it. */
  readonly nodes?: LogSNodes | undefined;
  readonly lr: number | Tensor;
}

/** Puts a batch on a device; crops are cut, turned, mirrored, coloured and normalised there, in one dispatch. */
export function uploadBatch(device: Device, batch: Batch | CropBatch, count: number, input: InputSize): DeviceBatch {
  const { target, weight } = batch;
  // In 3-D every coordinate has a weight.
  const dims = target.length === weight.length ? 3 : 2;
  const joints = target.length / (count * dims);
  return scope(() => ({
    images:
      'images' in batch
        ? device.tensor(batch.images, [count, input.height, input.width, 3])
        : cut(device, batch, count, input),
    target: device.tensor(target, [count, joints, dims]),
    weight: device.tensor(weight, [count, joints, dims === 3 ? 3 : 1]),
  }));
}

/** `count` rows of a batch. */
export function rowsOf({ images, target, weight }: DeviceBatch, first: number, count: number): DeviceBatch {
  const rows = (x: Tensor) => {
    const rest = x.shape.slice(1);
    return slice(x, { begin: [first, ...rest.map(() => 0)], end: [first + count, ...rest] });
  };
  return { images: rows(images), target: rows(target), weight: rows(weight) };
}

function cut(
  device: Device,
  { pixels, places, matrix, colour }: CropBatch,
  count: number,
  { height, width }: InputSize,
): Tensor {
  return warpPixels(
    device.tensor(pixels),
    device.tensor(places, [count, 3]),
    device.tensor(matrix, [count, 6]),
    device.tensor(colour, [count, 4, 3]),
    { height, width },
  );
}
