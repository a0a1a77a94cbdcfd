import { div, mul, sub } from '../../../src/kernels/elementwise/arithmetic.js';
import { abs, exp, sigmoid, softplus, square } from '../../../src/kernels/elementwise/unary.js';
import { reshape } from '../../../src/kernels/layout/reshape.js';
import { mean } from '../../../src/kernels/reduction/mean.js';
import { sum } from '../../../src/kernels/reduction/sum.js';
import * as linear from '../../../src/nn/linear.js';
import type { LogSNodes } from '../../../src/rle/logS.js';
import type { Rng } from '../../../src/tensor/rng.js';
import type { Device, Tensor } from '../../../src/tensor/tensor.js';
import { FLOW, type Form } from './forms.js';
import { SIDE, type Task, WIDTH } from './task.js';

/** The parts of the sum, with the gains of YOLO26-pose. */
export const PARTS = ['box', 'class', 'oks', 'rle'] as const;
export type Part = (typeof PARTS)[number];
const GAINS: Readonly<Record<Part, number>> = { box: 7.5, class: 0.5, oks: 12, rle: 1 };

/** A body that all parts share, a layer for each kind of answer, and the flow. */
export interface Params {
  readonly body: object;
  readonly coordinates: linear.LinearParams;
  readonly sigmas: linear.LinearParams;
  readonly boxes: linear.LinearParams;
  readonly classes: linear.LinearParams;
  readonly flow: ReturnType<typeof FLOW.init>;
}

export interface Batch {
  readonly inputs: Tensor;
  readonly joints: Tensor;
  readonly boxes: Tensor;
  readonly classes: Tensor;
  readonly nodes: LogSNodes;
  readonly lr: Tensor;
}

export function initSum(task: Task, rng: Rng, device: Device): Params {
  const layer = (outputs: number) => linear.init(rng, device, { inputs: WIDTH, outputs });
  return {
    body: task.init(rng, device),
    coordinates: layer(2 * task.joints),
    sigmas: layer(2 * task.joints),
    boxes: layer(4),
    classes: layer(1),
    flow: FLOW.init(rng, device),
  };
}

/** What a network says of scenes, in cells; `sigma` in the unit of the form. */
export function predict(task: Task, params: Params, inputs: Tensor) {
  const x = task.apply(params.body, inputs);
  const joints = (layer: linear.LinearParams) =>
    reshape(linear.apply(layer, x), { shape: [x.shape[0], task.joints, 2] });
  const logit = joints(params.sigmas);
  return {
    mu: joints(params.coordinates),
    logit,
    sigma: sigmoid(logit),
    boxes: linear.apply(params.boxes, x),
    classes: linear.apply(params.classes, x),
  };
}

/** The term of RLE, of coordinates in cells. */
export function rleOf(
  form: Form,
  { mu, logit }: { readonly mu: Tensor; readonly logit: Tensor },
  flow: Params['flow'],
  { joints, nodes }: Batch,
): Tensor | undefined {
  const inUnits = (x: Tensor) => (form.unit === 1 ? x : div(x, form.unit));
  const loss = form.loss?.({ mu: inUnits(mu), logit }, { target: inUnits(joints) }, flow, nodes);
  return loss && mul(loss, form.perImage ? form.gain / mu.shape[1] : form.gain);
}

/** The weighted parts of the sum; means over the batch times its size, as Ultralytics has them. */
export function partsOf(
  task: Task,
  form: Form,
  params: Params,
  batch: Batch,
): Partial<Record<Part, Tensor>> & Record<'box', Tensor> {
  const { inputs, joints, boxes, classes } = batch;
  const said = predict(task, params, inputs);
  const weigh = (part: Part, loss: Tensor) => mul(loss, GAINS[part] * inputs.shape[0]);
  const distances = sum(square(sub(said.mu, joints)), { axes: [-1] });
  // OKS with 1 / K for each joint, as Ultralytics has it for joints that are not COCO's; the object is half as high as wide.
  const spread = 2 * (2 / task.joints) ** 2 * SIDE ** 2 * 0.5;
  const rle = rleOf(form, said, params.flow, batch);
  return {
    box: weigh('box', div(mean(abs(sub(said.boxes, boxes))), SIDE)),
    class: weigh('class', mean(sub(softplus(said.classes), mul(said.classes, classes)))),
    oks: weigh('oks', mean(sub(1, exp(div(distances, -spread))))),
    ...(rle && { rle: weigh('rle', rle) }),
  };
}
