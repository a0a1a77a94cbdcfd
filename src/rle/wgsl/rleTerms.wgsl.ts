import { withMath } from '../../kernels/wgsl/math.wgsl.js';
import { threadEntry } from '../../tensor/grid.js';
import { CODE_EPSILON, HALF_LOG_2PI } from '../density.js';
import type { RleTerms } from '../rleTerms.js';

/** The attributes that change the code. */
export type TermsVariant = Omit<RleTerms, 'floor'>;

/** Threads of the one workgroup that sums the loss. */
const GROUP = 256;

/** What all three kernels know of element i of [B, K, D]: `w`, `flowWeight`, `on`, `a`, `decay` = e^-a, `inverse` = 1 / sigma, `difference`. */
function element({ variant }: TermsVariant): string {
  return `
  let w = weightOf(i / params.dims, i % params.dims);
  let flowWeight = max(0.0, ${variant === 'official' ? 'weightOf(i / params.dims, 0u)' : 'w'});
  let on = w > 0.0;
  let logit = logits[i];
  let a = select(0.0, select(logit, params.floor, logit < params.floor), on);
  let decay = exponential(-a);
  let inverse = 1.0 + decay;
  let difference = select(0.0, mu[i] - targets[i], on);`;
}

/** The guard of mmpose's division: the error is `difference * inverse / guard`. */
function guard({ variant }: TermsVariant): string {
  return variant === 'mmpose' ? `(1.0 + ${CODE_EPSILON} * inverse)` : '1.0';
}

const isOfficialLaplace = ({ variant, q }: TermsVariant) => variant === 'official' && q === 'laplace';

function bindings(terms: TermsVariant, reads: readonly string[], writes: readonly string[]): string {
  const all = [...['mu', 'logits', 'targets', 'weights'], ...reads].map((name) => ['read', name]);
  const declared = [...all, ...writes.map((name) => ['read_write', name])].map(
    ([access, name], n) => `@group(0) @binding(${n}) var<storage, ${access}> ${name}: array<f32>;`,
  );
  return `${declared.join('\n')}
struct Params {
  elements: u32,
  dims: u32,
  weightJoint: u32, // strides of the weights
  weightCoordinate: u32,
  floor: f32, // the smallest logit that is told apart
  perImage: f32, // 1 / B
}
@group(0) @binding(${declared.length}) var<uniform> params: Params;
fn share() -> f32 { return ${terms.variant === 'paper' ? '1.0 / f32(params.dims)' : '1.0'}; }
fn weightOf(joint: u32, d: u32) -> f32 { return weights[joint * params.weightJoint + d * params.weightCoordinate]; }`;
}

export function rleErrorWgsl(terms: TermsVariant): string {
  return withMath(`${bindings(terms, [], ['error'])}
${threadEntry('i', 'params.elements')}
  ${element(terms)}
  error[i] = difference * inverse / ${guard(terms)};
}`);
}

export function rleSumWgsl(terms: TermsVariant): string {
  const { variant, q, residual } = terms;
  const error = `difference * inverse / ${guard(terms)}`;
  const sigmaOfBase = variant === 'paper' ? '' : 'logSigma + ';
  const base = isOfficialLaplace(terms)
    ? `logSigma + ${HALF_LOG_2PI} + abs(difference * inverse) / (${Math.SQRT2} + ${CODE_EPSILON} * inverse)`
    : q === 'laplace'
      ? `${sigmaOfBase}abs(${error}) + ${Math.LN2}`
      : `${sigmaOfBase}0.5 * (${error}) * (${error}) + ${HALF_LOG_2PI}`;
  return withMath(`${bindings(terms, ['logPhi'], ['loss', 'logPhiGradient'])}
var<workgroup> sums: array<f32, ${GROUP}>;
@compute @workgroup_size(${GROUP})
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = thread; i < params.elements; i += ${GROUP}u) {
    ${element(terms)}
    let logSigma = -softplus(-a);
    if (flowWeight > 0.0) { sum += flowWeight * (logSigma - share() * logPhi[i / params.dims]); }
    ${residual ? `if (on) { sum += w * (${base}); }` : ''}
  }
  for (var joint = thread; joint < params.elements / params.dims; joint += ${GROUP}u) {
    var counted = 0.0;
    for (var d = 0u; d < params.dims; d++) { counted += max(0.0, weightOf(joint, ${variant === 'official' ? '0u' : 'd'})); }
    logPhiGradient[joint] = -counted * share() * params.perImage;
  }
  sums[thread] = sum;
  workgroupBarrier();
  if (thread == 0u) {
    var total = 0.0;
    for (var other = 0u; other < ${GROUP}u; other++) { total += sums[other]; }
    loss[0] = total * params.perImage;
  }
}`);
}

export function rleGradWgsl(terms: TermsVariant): string {
  const { variant, q, residual } = terms;
  const derivative = q === 'laplace' ? 'sign(error)' : 'error';
  const base = isOfficialLaplace(terms)
    ? `let scale = ${Math.SQRT2} + ${CODE_EPSILON} * inverse;
    dDifference += counted * sign(difference) * inverse / scale;
    dInverse += counted * abs(difference) * ${Math.SQRT2} / (scale * scale);`
    : `dError += counted * ${derivative};`;
  return withMath(`${bindings(terms, ['errorGradient', 'upstream'], ['muGradient', 'logitGradient'])}
${threadEntry('i', 'params.elements')}
  ${element(terms)}
  let unit = upstream[0] * params.perImage;
  let guard = ${guard(terms)};
  let error = difference * inverse / guard;
  let counted = unit * w;
  var dError = errorGradient[i];
  var dDifference = 0.0;
  var dInverse = 0.0;
  var dLogSigma = unit * flowWeight;
  ${residual ? base : ''}
  ${residual && variant !== 'paper' ? 'dLogSigma += counted;' : ''}
  dDifference += dError * inverse / guard;
  dInverse += dError * difference / (guard * guard);
  let open = select(select(1.0, 0.5, logit == params.floor), 0.0, logit < params.floor);
  muGradient[i] = select(0.0, dDifference, on);
  logitGradient[i] = select(0.0, open * decay * (dLogSigma / inverse - dInverse), on);
}`);
}
