import { type DType, isFloat } from '../../tensor/shape.js';

/** What reading past the end gives: NaN bits, or zero where the dtype has no NaN. */
export function missingWord(dtype: DType): number {
  return isFloat({ dtype }) ? 0x7fc00000 : 0;
}

export function missingValue(dtype: DType): number {
  return isFloat({ dtype }) ? Number.NaN : 0;
}
