import type { View } from '../../tensor/backend.js';
import { type DType, isFloat } from '../../tensor/shape.js';

/** What reading past the end gives: NaN bits, or zero where the dtype has no NaN. */
export function missingWord(dtype: DType): number {
  return isFloat({ dtype }) ? 0x7fc00000 : 0;
}

/** The same for the float64 reference, which holds floats of either dtype in one kind of array. */
export function missingValue(data: View['data']): number {
  return data instanceof Float64Array ? Number.NaN : 0;
}
