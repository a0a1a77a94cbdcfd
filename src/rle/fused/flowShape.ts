import { flatOffsets } from '../../kernels/layout/flatten.js';
import type { Shape } from '../../tensor/shape.js';
import type { CouplingFlowParams } from '../flows/couplingFlow.js';
import type { Masks } from '../flows/masks.js';

/** One translation and one scale network per coupling, under the official code's names: `t.0.0.weight`, `s.5.4.bias`. */
export type RealNvpParams = CouplingFlowParams<'t' | 's'>;

/** What stands between the layers: a leaky ReLU of slope 0.01, or x sigmoid(x). */
export type FlowActivation = 'leakyRelu' | 'silu';

/** What the numbers of a flow's parameters do not tell. */
export interface FlowAttrs {
  /** D, 1 to 4. */
  readonly dims: number;
  /** Width of the two hidden layers. */
  readonly hidden: number;
  /** One row per coupling; 1 = the coordinate passes unchanged. */
  readonly masks: Masks;
  /** Bound of the log-scales. */
  readonly scaleBound: number;
  readonly activation: FlowActivation;
}

/** Shapes of one network: Linear(D, H), Linear(H, H), Linear(H, D), weights as [out, in]. */
function networkShapes({ dims: D, hidden: H }: Pick<FlowAttrs, 'dims' | 'hidden'>): readonly Shape[] {
  return [[H, D], [H], [H, H], [H], [D, H], [D]];
}

/** First elements of one network's tensors, and the length of a network: nets follow each other, T_0 ... T_C-1, S_0 ... */
export interface NetworkLayout {
  readonly shapes: readonly Shape[];
  readonly w0: number;
  readonly b0: number;
  readonly w1: number;
  readonly b1: number;
  readonly w2: number;
  readonly b2: number;
  readonly length: number;
}

/** Where the numbers of a network lie in a flattened flow. */
export function networkLayout(attrs: Pick<FlowAttrs, 'dims' | 'hidden'>): NetworkLayout {
  const shapes = networkShapes(attrs);
  const { offsets, length } = flatOffsets(shapes);
  const [w0, b0, w1, b1, w2, b2] = offsets;
  return { shapes, w0, b0, w1, b1, w2, b2, length };
}

/** Networks of a flow: a translation and a scale per coupling. */
export function networkCount({ masks }: Pick<FlowAttrs, 'masks'>): number {
  return 2 * masks.length;
}

/** The masks as bits, coupling by coupling, for a kernel. */
export function maskBits({ masks, dims }: FlowAttrs): number {
  return masks.reduce((bits, row, c) => row.reduce((b, m, d) => b | (m << (c * dims + d)), bits), 0) >>> 0;
}
