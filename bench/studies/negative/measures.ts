import { valueAndGrad } from '../../../src/autograd/grad.js';
import { add } from '../../../src/kernels/elementwise/arithmetic.js';
import { square } from '../../../src/kernels/elementwise/unary.js';
import { sum } from '../../../src/kernels/reduction/sum.js';
import { namedTensors } from '../../../src/nn/tree.js';
import { drawErrors } from '../../../src/rle/predictive.js';
import { Rng } from '../../../src/tensor/rng.js';
import { scope } from '../../../src/tensor/scope.js';
import type { Device, Tensor } from '../../../src/tensor/tensor.js';
import { FLOW, type Form } from './forms.js';
import { SIDE, type Task } from './task.js';
import { type Batch, PARTS, type Params, type Part, partsOf, predict, rleOf } from './weightedSum.js';

/** The state of a run after a step, with the batch of that step; lengths are shares of the object's side. */
export interface Moment {
  readonly step: number;
  /** The median. */
  readonly sigma: number;
  /** Mean distance of joints from their labels. */
  readonly error: number;
  /** Root mean squares over coordinates: residuals, and gradients of the term with respect to mu times the number of joints. */
  readonly residual: number;
  readonly muGradient: number;
  readonly rle: number;
  readonly total: number;
  /** Norms of the gradients of each weighted part with respect to the body, which all of them share. */
  readonly norms: Readonly<Record<Part, number>>;
  /** That of RLE with respect to the flow and the layer of the sigmas. */
  readonly ownNorm: number;
}

/** What a run is worth on new scenes. */
export interface Worth {
  /** Mean distance of joints from where they are, and mean error of the numbers of a box, as shares of the object's side. */
  readonly jointError: number;
  readonly boxError: number;
  readonly classAccuracy: number;
  /** Shares of labels within the central intervals of 50 and 90 %; absent without a density. */
  readonly coverage?: readonly [half: number, ninety: number];
}

export async function look(task: Task, form: Form, params: Params, b: Batch): Promise<Omit<Moment, 'step'>> {
  const { mu, logit, sigma } = scope(() => predict(task, params, b.inputs));
  const values = scope(() => partsOf(task, form, params, b));
  const sigmas = Array.from(await sigma.data()).sort((x, y) => x - y);
  const [where, labels] = [await mu.data(), await b.joints.data()];
  const norms = { box: 0, class: 0, oks: 0, rle: 0 };
  let total = 0;
  for (const part of PARTS) {
    const value = values[part];
    if (!value) continue;
    total += await value.item();
    norms[part] = await gradientNorm(
      (body) => partsOf(task, form, { ...params, body }, b)[part] as Tensor,
      params.body,
    );
  }
  const { flow, sigmas: layer } = params;
  const own = (p: Pick<Params, 'sigmas' | 'flow'>) => partsOf(task, form, { ...params, ...p }, b).rle as Tensor;
  const pull = valueAndGrad((m: Tensor) => rleOf(form, { mu: m, logit }, flow, b) as Tensor);
  const pulls = form.loss ? Array.from(await pull(mu)[1].data()) : [];
  const count = mu.shape[0];
  const moment = {
    sigma: (form.unit * sigmas[sigmas.length >> 1]) / SIDE,
    error: meanDistance(where, labels),
    residual: rms(Array.from(where, (x, i) => (x - labels[i]) / SIDE)),
    muGradient: rms(pulls) * count * task.joints * SIDE,
    rle: values.rle ? (await values.rle.item()) / count : 0,
    total: total / count,
    norms,
    ownNorm: form.loss ? await gradientNorm(own, { sigmas: layer, flow }) : 0,
  };
  for (const x of [mu, logit, sigma, ...Object.values(values)]) x.dispose();
  return moment;
}

async function gradientNorm<P>(f: (params: P) => Tensor, at: P): Promise<number> {
  const squares = scope(() => {
    const [, g] = valueAndGrad(f)(at);
    return [...namedTensors(g).values()].map((x) => sum(square(x))).reduce((a, b) => add(a, b));
  });
  return Math.sqrt(await squares.item());
}

const rms = (xs: readonly number[]) => Math.sqrt(xs.reduce((t, x) => t + x * x, 0) / Math.max(1, xs.length));

function meanDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i += 2) total += Math.hypot(a[i] - b[i], a[i + 1] - b[i + 1]);
  return total / (a.length / 2) / SIDE;
}

export async function judge(task: Task, form: Form, params: Params, device: Device): Promise<Worth> {
  const { count, inputs, joints, clean, boxes, classes } = task.heldOut;
  const said = scope(() => predict(task, params, device.tensor(inputs, [count, ...task.inputShape])));
  const [mu, box, logit, sigma] = (
    await Promise.all([said.mu, said.boxes, said.classes, said.sigma].map((x) => x.data()))
  ).map((x) => Array.from(x));
  const worth = {
    jointError: meanDistance(mu, clean),
    boxError: box.reduce((t, v, i) => t + Math.abs(v - boxes[i]), 0) / box.length / SIDE,
    classAccuracy: logit.reduce((t, v, i) => t + Number(v > 0 === classes[i] > 0), 0) / count,
  };
  if (!form.loss) return worth;
  const residualOf = form.logS ? ('laplace' as const) : undefined;
  const draws = await (
    await drawErrors(FLOW, params.flow, { rng: new Rng(5), ...(residualOf && { residualOf }) })
  ).data();
  const columns = [0, 1].map((d) => Float32Array.from({ length: draws.length / 2 }, (_, i) => draws[2 * i + d]).sort());
  const inside = (share: number) => {
    const at = (column: Float32Array, q: number) => column[Math.min(column.length - 1, Math.floor(q * column.length))];
    const isInside = (m: number, i: number) => {
      const error = (m - joints[i]) / (form.unit * sigma[i]);
      const column = columns[i % 2];
      return error >= at(column, (1 - share) / 2) && error <= at(column, (1 + share) / 2);
    };
    return mu.filter(isInside).length / mu.length;
  };
  return { ...worth, coverage: [inside(0.5), inside(0.9)] };
}
