import type { Tensor } from '../../../tensor/tensor.js';
import { type Activation, type Epilogue, PLAIN } from '../../wgsl/epilogue.wgsl.js';

/** An epilogue with its operands, in the order of their bindings. */
export interface BoundEpilogue {
  readonly epilogue: Epilogue;
  readonly operands: readonly Tensor[];
  /** Added to the variance of a norm. */
  readonly eps: number;
}

export const NO_EPILOGUE: BoundEpilogue = { epilogue: PLAIN, operands: [], eps: 0 };

export function biasEpilogue(bias: Tensor | undefined): BoundEpilogue {
  return bias ? { epilogue: { ...PLAIN, bias: true }, operands: [bias], eps: 0 } : NO_EPILOGUE;
}

/** Batch norm with given statistics, then the residual if there is one, then the activation. */
export function normEpilogue(
  norm: readonly [gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor],
  eps: number,
  residual: Tensor | undefined,
  activation: Activation,
): BoundEpilogue {
  const epilogue = { bias: false, norm: true, residual: residual !== undefined, activation };
  return { epilogue, operands: residual ? [...norm, residual] : norm, eps };
}
