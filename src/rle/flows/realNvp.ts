import { checkOptions, type Kinds } from '../../tensor/options.js';
import type { RealNvpParams } from '../fused/flowShape.js';
import { withKernels } from '../fused/withKernels.js';
import { type CouplingFlowOptions, couplingFlow } from './couplingFlow.js';
import type { Flow } from './flow.js';
import { affine } from './transforms.js';

export type { RealNvpParams } from '../fused/flowShape.js';

/** Options of `realNvp`. */
export interface RealNvpOptions extends Omit<CouplingFlowOptions, 'transform' | 'joints' | 'embedding'> {
  /** Default `torch`, what the official code runs with; `xavier` is mmpose's and YOLO26-pose's. */
  readonly weights?: NonNullable<CouplingFlowOptions['weights']>;
  /** Bound b of the log-scale, |s| < b in each coupling; default 1, as in the paper's code. */
  readonly scaleBound?: number;
}

const OPTIONS: Kinds<RealNvpOptions> = {
  dims: 'number',
  couplings: 'number',
  hidden: 'number',
  hiddenLayers: 'number',
  activation: 'text',
  masks: 'numbers',
  weights: 'text',
  base: ['text', 'record'],
  scaleBound: 'number',
};

/**
 * RealNVP (Dinh et al., 2017): couplings that scale and shift, `x = z exp(s) + t`, s = b tanh(S(m z)), t = T(m z). The
 * defaults are the official RLE's, with 53,784 numbers for D = 2. Where the shapes allow it, the density and each map
 * are one dispatch.
 *
 * @throws ShapeError if a count is below 1 or not whole, or for an option there is not
 */
export function realNvp(options: RealNvpOptions): Flow<RealNvpParams> {
  checkOptions('realNvp', OPTIONS, options);
  const { scaleBound = 1, weights = 'torch', ...rest } = options;
  const couplings = { ...rest, weights, transform: affine(scaleBound) };
  return withKernels(couplingFlow(couplings), couplings, scaleBound);
}
