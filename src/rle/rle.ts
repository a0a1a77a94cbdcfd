import { ShapeError } from '../errors.js';
import { add, div, maximum, mul } from '../kernels/elementwise/arithmetic.js';
import { greater } from '../kernels/elementwise/comparison.js';
import { where } from '../kernels/elementwise/where.js';
import { expandDims } from '../kernels/layout/reshape.js';
import { slice } from '../kernels/layout/slice.js';
import { broadcastTo } from '../kernels/reduction/sum.js';
import { checkOptions, type Kinds } from '../tensor/options.js';
import { formatShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { countedJoints, finiteOnly } from './countedJoints.js';
import type { StandardDensity } from './density.js';
import type { Flow } from './flows/flow.js';
import { type LogSMethod, type LogSNodes, type LogSOptions, logNormaliser } from './logS.js';
import { checkPrediction, type Labels, type Prediction, weightOf } from './prediction.js';
import { type SigmaOptions, sigmaTerms } from './sigma.js';
import { type Arithmetic, errorsIn, type FlowTerm, lossOfFlow, lossOfQ } from './terms.js';
import { checkDesign, type Design, type VariantName, variantOf } from './variants.js';

/** Options of `rle`; docs/rle.md says which go together. */
export interface RleOptions<P = unknown> extends SigmaOptions, Partial<LogSOptions> {
  /** The density that is learned, with `params`. Without it the errors have the density Q. */
  readonly flow?: Flow<P>;
  /** The flow's parameters. */
  readonly params?: P;
  /** Default `residual`, RLE. */
  readonly design?: Design;
  /** The density Q that the flow of `residual` corrects, default `laplace`; the other designs have none. */
  readonly q?: StandardDensity;
  /** Whose arithmetic is used, default `paper`; options that a variant does not have are refused. */
  readonly variant?: VariantName;
  /**
   * How log s, which normalises Q phi, is estimated. With the default `none`, as in all public codes, the flow learns
   * the whole density of the errors; with log s it learns only what Q lacks. A method draws its nodes from `rng` in
   * each call. Nodes from `logSNodes` are used as they are: a captured step cannot draw, so it gets them with its
   * batch.
   */
  readonly logS?: 'none' | LogSMethod | LogSNodes;
  /** [K]: a factor per joint, on top of the labels' weights. */
  readonly jointWeights?: Tensor;
  /**
   * Whether a loss below zero is replaced by zero, which has no gradient; only `ultralytics` has this: default true, as in
   * its code since February 2026, false as before.
   */
  readonly cutAtZero?: boolean;
  /** [] or [D]: the error is measured in units of `sigma errorScale`; see `runningErrorScale`. */
  readonly errorScale?: Tensor;
}

const OPTIONS: Kinds<RleOptions> = {
  flow: 'object',
  params: 'any',
  design: 'text',
  q: ['text', 'record'],
  variant: 'text',
  scale: 'text',
  sigmaFloor: 'number',
  logS: 'any',
  rng: 'object',
  samples: 'number',
  reach: 'number',
  pointsPerAxis: 'number',
  jointWeights: 'tensor',
  cutAtZero: 'boolean',
  errorScale: 'tensor',
};

/**
 * The negative log-likelihood of labels, summed over joints and coordinates, per image (Li et al., 2021, equation 8):
 *
 *     L = sum w (log sigma - log phi(e) - log Q(e) - log s) / B,    e = (mu - target) / sigma
 *
 * | loss                         | ask for                                                            |
 * |------------------------------|--------------------------------------------------------------------|
 * | L1, half of L2               | a prediction without logit: sigma is 1, and constants are left out; `q: 'laplace'`, `'gaussian'` |
 * | Laplace, Gaussian, ...       | no flow; `q`                                                       |
 * | DLE                          | `flow`, `params`, `design: 'reparameterised'`, which has no Q and no s |
 * | RLE                          | `flow`, `params`; with log s `logS`                                |
 * | labels that may lack a depth | `flow: mixedFlow(...)`, and weights [B, K, 3]                      |
 *
 * The design `direct` has `log base(e) + log |det dz/dtarget|` in place of `log phi(e) + log Q(e)`, and
 * `e = (mu - z) / sigma`, z = f^-1(target). Terms of a joint count with the mean of its coordinates' weights. A `variant` other
 * than `paper` is what a public code computes: see `variants.ts`, and docs/rle.md. `ultralytics` divides by the joints that have a
 * weight instead of by B, and leaves out joints whose prediction or target is not finite.
 *
 * The error has the codes' sign, minus the paper's. Sigma = sigmoid(logit) stays below 1 in the unit of the labels; for larger
 * errors see `scale`. Loss and gradient take six dispatches beside the flow's.
 *
 * @param prediction mu and logit [B, K, D]
 * @returns []
 * @throws ShapeError if shapes do not fit, for a name there is not, if the variant lacks what is asked for, or if log s is to be
 *   drawn without `rng`
 */
export function rle<P>(prediction: Prediction, labels: Labels, options: RleOptions<P> = {}): Tensor {
  checkOptions('rle', OPTIONS, options);
  checkPrediction(prediction, labels);
  const { flow, params, design = 'residual', q = 'laplace' } = options;
  const arithmetic = arithmeticOf(options);
  const { variant } = arithmetic;
  const given = weightOf(prediction, labels, options.jointWeights);
  const weight = variant.per === 'joint' ? finiteOnly(prediction, labels, given) : given;
  const errorScale = options.errorScale && broadcastTo(options.errorScale, { shape: prediction.mu.shape });
  const seen = { target: labels.target, weight, errorScale };
  if (!flow || params === undefined) return lossOfQ(arithmetic, prediction, seen, q);
  checkPoints(prediction, labels, flow);
  if (design === 'direct') {
    const [z, logDet] = flow.inverse(params, weight ? where(greater(weight, 0), labels.target, 0) : labels.target);
    const error = errorsIn(arithmetic, prediction, { ...seen, target: z });
    const term = { error, logPhi: expandDims(logDet, { axis: -1 }), share: 1 / error.shape[2] };
    return lossOfFlow(arithmetic, prediction, seen, term, flow.base);
  }
  const error = errorsIn(arithmetic, prediction, seen);
  const term = flowTerm(arithmetic, flow, params, error, weight, options);
  const perImage = lossOfFlow(arithmetic, prediction, seen, term, design === 'residual' ? q : undefined);
  if (variant.per === 'image') return perImage;
  const loss = mul(perImage, div(prediction.mu.shape[0], countedJoints(weight as Tensor)));
  return (options.cutAtZero ?? variant.cutAtZero) ? maximum(loss, 0) : loss;
}

/** Errors in units of sigma, `e = (mu - target) / sigma` [B, K, D]; 0 where the weight is 0. */
export function errorsOf(prediction: Prediction, labels: Labels, options: SigmaOptions = {}): Tensor {
  checkPrediction(prediction, labels);
  return errorsIn(arithmeticOf(options), prediction, labels);
}

/** The arithmetic that the options ask for. */
function arithmeticOf<P>({ flow, params, variant = 'paper', ...options }: RleOptions<P>): Arithmetic {
  const { design = 'residual', q = 'laplace', scale = 'sigmoid', logS = 'none', errorScale } = options;
  checkDesign(design);
  if (!flow !== (params === undefined)) {
    throw new ShapeError(`rle: a flow and its parameters come together, got ${flow ? 'flow' : 'params'} alone`);
  }
  if (!flow && design !== 'residual') {
    throw new ShapeError(
      `rle: design '${design}' needs a flow and its params; pass { flow, params }, or leave out design`,
    );
  }
  if (options.q !== undefined && design !== 'residual') {
    throw new ShapeError(`rle: design '${design}' has no Q; leave out q, or take 'residual'`);
  }
  if (logS !== 'none' && !(flow && design === 'residual')) {
    throw new ShapeError('rle: log s is that of a flow beside Q; give a flow, and design residual');
  }
  const mixed = flow && flow.plane !== undefined;
  if (mixed && design === 'direct') {
    throw new ShapeError(
      "rle: design 'direct' needs all coordinates of a label, a mixedFlow is for labels without a depth",
    );
  }
  const asked = {
    q,
    design,
    scale,
    logS: logS !== 'none',
    errorScale: errorScale !== undefined,
    cutAtZero: options.cutAtZero === true,
    mixed,
  };
  const { terms, floor } = sigmaTerms(options);
  return { variant: variantOf(variant, asked), name: `${variant} ${scale}`, sigma: terms, floor };
}

/** log phi and log s of each joint, and how often they count per coordinate. */
function flowTerm<P>(
  { variant }: Arithmetic,
  flow: Flow<P>,
  params: P,
  error: Tensor,
  weight: Tensor | undefined,
  options: RleOptions<P>,
): FlowTerm {
  const { logS = 'none', ...drawing } = options;
  const [B, K, D] = error.shape;
  const logPhiOf = (kind: Flow<P>, points: Tensor, nodes: RleOptions['logS']) => {
    const logPhi = kind.logProb(params, points);
    const normaliser = logNormaliser(kind, params, error.device, { ...drawing, logS: nodes });
    return expandDims(normaliser ? add(logPhi, normaliser) : logPhi, { axis: -1 });
  };
  const { plane } = flow;
  if (!plane) {
    const isOfFirst = variant.flowWeight === 'first' && weight !== undefined && weight.shape[2] > 1;
    return {
      error,
      logPhi: logPhiOf(flow, error, logS),
      share: variant.logPhiPerCoordinate(D),
      flowWeight: isOfFirst ? slice(weight, { begin: [0, 0, 0], end: [B, K, 1] }) : undefined,
    };
  }
  // Selected both before and behind the flows: what the other flow computes for a joint must not reach a gradient.
  const deep = greater(slice(weight as Tensor, { begin: [0, 0, D - 1], end: [B, K, D] }), 0);
  const inPlane = slice(error, { begin: [0, 0, 0], end: [B, K, D - 1] });
  const ofPlane = typeof logS === 'object' ? logS.plane : logS;
  const shareOf = (logPhi: Tensor, dims: number) => mul(logPhi, variant.logPhiPerCoordinate(dims));
  const ofSpace = shareOf(logPhiOf(flow, where(deep, error, 0), logS), D);
  const ofOthers = shareOf(logPhiOf(plane, where(deep, 0, inPlane), ofPlane), D - 1);
  return { error, logPhi: where(deep, ofSpace, ofOthers), share: 1 };
}

function checkPoints<P>({ mu }: Prediction, { weight }: Labels, { pointShape, plane }: Flow<P>): void {
  if (!Array.isArray(pointShape)) throw new ShapeError('rle: flow is no Flow; pass realNvp({ dims })');
  const got = mu.shape.slice(-pointShape.length);
  if (!got.every((n, i) => n === pointShape[i])) {
    throw new ShapeError(
      `rle: mu ${formatShape(mu.shape)} must end as the flow's points do, ${formatShape(pointShape)}`,
    );
  }
  if (plane && weight?.shape[2] !== mu.shape[2]) {
    throw new ShapeError(
      `rle: a mixedFlow wants weights ${formatShape(mu.shape)}, one per coordinate, got ` +
        `${weight ? formatShape(weight.shape) : 'none'}; the weight of the last one says whether a joint has a depth`,
    );
  }
}
