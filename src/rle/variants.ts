import { ShapeError } from '../errors.js';
import { densityForm, HALF_LOG_2PI, nameOfDensity, type StandardDensity } from './density.js';
import { abs, add, atLeast, div, type Expression, log1p, mul, neg, type Term } from './formula/expression.js';
import type { Scale, SigmaTerms } from './sigma.js';

/**
 * Whose arithmetic is used: the paper's equations, or what a public code computes instead. `official` is the authors'
 * loss for labels in the plane (`RLELoss`); `official3d` is theirs for labels in space, of which some lack a depth
 * (`RLELoss3D`); `mmpose` is that of mmpose 1.3; `ultralytics` that of YOLO26-pose (`PoseLoss26`).
 */
export type VariantName = 'paper' | 'official' | 'official3d' | 'mmpose' | 'ultralytics';

/**
 * What the flow is the density of (Li et al., 2021, section 3). `direct` (a): of the label itself, to which it maps
 * draws of the base around mu, with the scale sigma. `reparameterised` (b), DLE: of the error in units of sigma.
 * `residual` (c), RLE: of what a simple density Q does not explain of that error.
 */
export type Design = 'direct' | 'reparameterised' | 'residual';

/** What a variant supports. */
interface Abilities {
  readonly q: readonly (StandardDensity | 'any')[];
  readonly design: readonly Design[];
  readonly scale: readonly Scale[];
  /** Whether it has log s and an error scale; no public code has them. */
  readonly extensions: boolean;
  /** Whether the flow is over points that may lack a depth; undefined: any flow. */
  readonly mixed?: boolean;
  /** Whether a loss below zero can be cut off there. */
  readonly cutAtZero?: boolean;
}

/** One row of the table: how a variant computes the parts of `log sigma - log phi(e) - log Q(e)`. */
export interface Variant extends Abilities {
  /** Sigma, from what the network predicts. */
  sigma(sigma: SigmaTerms): SigmaTerms;
  /** `e`, from mu - target. */
  error(difference: Expression, sigma: SigmaTerms): Expression;
  /** `-log Q(e)` of a coordinate. */
  negLogQ(q: StandardDensity, e: Expression, sigma: SigmaTerms): Expression;
  /** How often the log phi of a joint of D coordinates counts for each of them. */
  logPhiPerCoordinate(dims: number): number;
  /** Whether the flow's term has each coordinate's own weight or that of the joint's first coordinate. */
  readonly flowWeight: 'own' | 'first';
  /** What the sum is divided by: the number of images, or of the joints that have a weight and a finite error. */
  readonly per: 'image' | 'joint';
}

/** What both public codes add to guard their divisions. */
const CODE_EPSILON = 1e-9;

const negLog = (q: StandardDensity, e: Expression): Expression => {
  const { cost, logNorm } = densityForm(q);
  return add(cost(e), logNorm);
};

/** `(c sigma + 1e-9) / sigma`, c = 1 unless given. */
const guard = ({ inverseSigma }: SigmaTerms, c: Term = 1): Expression => add(mul(inverseSigma, CODE_EPSILON), c);

/** Equation 8. */
const paper: Variant = {
  q: ['any'],
  design: ['direct', 'reparameterised', 'residual'],
  scale: ['sigmoid', 'softplus'],
  extensions: true,
  sigma: (sigma) => sigma,
  error: (difference, { inverseSigma }) => mul(difference, inverseSigma),
  negLogQ: negLog,
  logPhiPerCoordinate: (dims) => 1 / dims,
  flowWeight: 'own',
  per: 'image',
};

/**
 * The authors' code. It subtracts log phi [B, K, 1] from log sigma [B, K, D] and sums, which counts log phi D times.
 * Its Q contains log sigma once more. Its Laplace density has the exponent `|mu - target| / (sqrt(2) sigma + 1e-9)` and
 * the constant of a normal density. The flow's term has the weight of x for both coordinates. It has only the Laplace
 * density: the normal Q is here by analogy, with log sigma counted as often.
 */
const official: Variant = {
  ...paper,
  q: ['laplace', 'gaussian'],
  design: ['residual'],
  scale: ['sigmoid'],
  extensions: false,
  mixed: false,
  negLogQ: (q, e, sigma) =>
    q === 'laplace'
      ? add(add(sigma.logSigma, HALF_LOG_2PI), div(abs(e), guard(sigma, Math.SQRT2)))
      : add(sigma.logSigma, negLog(q, e)),
  logPhiPerCoordinate: () => 1,
  flowWeight: 'first',
};

/** The authors' code for labels in space: 1e-9 is added to sigma throughout, and each coordinate has its own weight. */
const official3d: Variant = {
  ...official,
  mixed: true,
  sigma: (sigma) => ({
    logSigma: add(sigma.logSigma, log1p(mul(sigma.inverseSigma, CODE_EPSILON))),
    inverseSigma: div(sigma.inverseSigma, guard(sigma)),
  }),
  flowWeight: 'own',
};

/** mmpose counts as the authors do, with a true Laplace; it has 1e-9 in the error, but not in log sigma. */
const mmpose: Variant = {
  ...official,
  design: ['residual', 'reparameterised'],
  error: (difference, sigma) => div(mul(difference, sigma.inverseSigma), guard(sigma)),
  negLogQ: (q, e, { logSigma }) => add(logSigma, negLog(q, e)),
  flowWeight: 'own',
};

/** YOLO26-pose clips errors here, and no gradient reaches those beyond. */
const ERROR_LIMIT = 100;
const clipped = (x: Expression): Expression => neg(atLeast(neg(atLeast(x, -ERROR_LIMIT)), -ERROR_LIMIT));

/** YOLO26-pose has mmpose's terms for a Laplace Q, but clips the errors and takes the mean over joints. */
const ultralytics: Variant = {
  ...mmpose,
  q: ['laplace'],
  cutAtZero: true,
  error: (difference, sigma) => clipped(mmpose.error(difference, sigma)),
  per: 'joint',
};

const VARIANTS: Readonly<Record<VariantName, Variant>> = { paper, official, official3d, mmpose, ultralytics };

/** The options of a loss in which variants differ. */
export interface Asked {
  readonly q: StandardDensity;
  readonly design: Design;
  readonly scale: Scale;
  readonly logS: boolean;
  readonly errorScale: boolean;
  readonly cutAtZero: boolean;
  /** Absent without a flow. */
  readonly mixed: boolean | undefined;
}

/** Throws for a design that no variant has. */
export function checkDesign(design: Design): void {
  const designs = paper.design;
  if (!designs.includes(design)) throw new ShapeError(`rle: design must be ${designs.join(', ')}, got '${design}'`);
}

/**
 * The row of a variant.
 * @throws ShapeError if there is no such variant, or if it does not support an option
 */
export function variantOf(name: VariantName, { q, design, scale, logS, errorScale, cutAtZero, mixed }: Asked): Variant {
  const variant = VARIANTS[name];
  const refuse = (what: string, other = 'paper') => {
    throw new ShapeError(`rle: variant '${name}' ${what}; take variant: '${other}', or leave it out`);
  };
  if (!variant) {
    throw new ShapeError(`rle: expected variant ${Object.keys(VARIANTS).join(', ')}, got '${name}'`);
  }
  const offered = (list: readonly unknown[]) => `it has ${list.join(' and ')}`;
  if (mixed === undefined && name !== 'paper') refuse('has no loss without a flow');
  if (!variant.design.includes(design)) refuse(`has no design '${design}': ${offered(variant.design)}`);
  if (!variant.q.includes('any') && !variant.q.includes(q)) {
    refuse(`has no Q '${nameOfDensity(q)}': ${offered(variant.q)}`);
  }
  if (!variant.scale.includes(scale)) refuse(`has no scale '${scale}': ${offered(variant.scale)}`);
  if (logS && !variant.extensions) refuse('has no log s');
  if (errorScale && !variant.extensions) refuse('has no errorScale');
  if (cutAtZero && !variant.cutAtZero) refuse('has no cut at zero', 'ultralytics');
  if (variant.mixed === true && mixed === false) refuse('wants a mixedFlow, of labels some of which lack a depth');
  if (variant.mixed === false && mixed) refuse("has no mixedFlow: in space the authors' code is 'official3d'");
  return variant;
}
