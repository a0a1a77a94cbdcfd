import { ShapeError } from '../../errors.js';
import { f32bits, type View } from '../../tensor/backend.js';
import { STATUS } from './stepStatus.js';

/** How an optimiser kernel averages parameters, if it is given memory for it. */
export interface ParameterAverageAttrs {
  /** Share of the average that stays, in [0, 1). */
  readonly emaDecay: number;
  /** Step t uses at most (1 + t) / (10 + t) instead, so that the average soon forgets where training began. */
  readonly emaWarmUp: boolean;
}

/** (1 + t) / (10 + t) = 1 - 9 / (10 + t), TensorFlow's rule; 0 in its place switches it off. */
const WARM_UP = 9;

export function checkParameterAverage(op: string, { emaDecay }: Pick<ParameterAverageAttrs, 'emaDecay'>): void {
  if (emaDecay >= 0 && emaDecay < 1) return;
  throw new ShapeError(`${op}: the decay of the average must be in [0, 1), got ${emaDecay}`);
}

/** The uniform words `emaRest` and `emaWarmUp`; 1 - decay is taken here, since float32 would lose half of its digits. */
export function parameterAverageWords({ emaDecay, emaWarmUp }: ParameterAverageAttrs): number[] {
  return [1 - emaDecay, emaWarmUp ? WARM_UP : 0].map(f32bits);
}

/** `ema[i] += (1 - decay) (params[i] - ema[i])`. */
export function moveAverage(ema: View, params: View, i: number, status: View, attrs: ParameterAverageAttrs): void {
  const warmUp = attrs.emaWarmUp ? WARM_UP / (1 + WARM_UP + status.data[STATUS.steps]) : 0;
  ema.data[i] += Math.max(1 - attrs.emaDecay, warmUp) * (params.data[i] - ema.data[i]);
}
