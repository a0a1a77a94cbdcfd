import { capture } from '../../../src/autograd/capture.js';
import { valueAndGrad } from '../../../src/autograd/grad.js';
import { add } from '../../../src/kernels/elementwise/arithmetic.js';
import { adamW, sgd } from '../../../src/nn/optim.js';
import { namedTensors } from '../../../src/nn/tree.js';
import { logSNodes } from '../../../src/rle/logS.js';
import { packParameters } from '../../../src/tensor/arena.js';
import { Rng } from '../../../src/tensor/rng.js';
import { scope } from '../../../src/tensor/scope.js';
import type { Device } from '../../../src/tensor/tensor.js';
import { FLOW, type Form } from './forms.js';
import { judge, look, type Moment, type Worth } from './measures.js';
import { pick, type Scenes, type Task } from './task.js';
import { type Batch, initSum, type Params, partsOf } from './weightedSum.js';

/** What all runs of a setting share. */
export interface Setting {
  readonly name: string;
  readonly task: Task;
  readonly optimiser: 'sgd' | 'adamW';
  readonly steps: number;
  readonly batch: number;
  /** So many scenes come again and again; absent: each step has new ones. */
  readonly scenes?: number;
}

/** A run: its moments, and what it is worth on new scenes. */
export interface Run extends Worth {
  readonly form: string;
  readonly setting: string;
  readonly seed: number;
  readonly moments: readonly Moment[];
  readonly seconds: number;
}

/** As Ultralytics clips the norm of all gradients. */
const CLIP = 10;
const RATES = { sgd: 0.01, adamW: 0.002 } as const;
/** Steps between two moments. */
const EVERY = 50;
const NODES = 1024;

/** Trains one form in a setting; the learning rate falls evenly to a hundredth. */
export async function train(form: Form, setting: Setting, seed: number, device: Device): Promise<Run> {
  const start = performance.now();
  const { task, steps, batch } = setting;
  const data = new Rng(seed, 1);
  const rng = new Rng(seed, 2);
  const fixed = setting.scenes === undefined ? undefined : task.draw(data, setting.scenes);
  const optimiser = setting.optimiser === 'sgd' ? sgd : adamW;
  const params = packParameters(initSum(task, new Rng(seed, 3), device)) as Params;
  const options = {
    clipNorm: CLIP,
    groups: form.rate === 1 ? [] : [{ match: /^(flow|sigmas)\b/, lrScale: form.rate }],
    ...(setting.optimiser === 'sgd' && { momentum: 0.9, nesterov: true }),
  };
  const gradient = valueAndGrad((p: Params, b: Batch) =>
    Object.values(partsOf(task, form, p, b)).reduce((x, y) => add(x, y)),
  );
  const step = capture((state: { params: Params; memory: never }, b: Batch) => {
    const [, gradients] = gradient(state.params, b);
    const [p, memory] = optimiser.step(state.params, gradients, state.memory, { lr: b.lr, ...options });
    return { state: { params: p, memory: memory as never } };
  });
  let state = { params, memory: optimiser.init(params) as never };
  const moments: Moment[] = [];
  for (let i = 0; i < steps; i++) {
    const scenes = fixed ? pick(fixed, data, batch) : task.draw(data, batch);
    const lr = RATES[setting.optimiser] * (1 - (0.99 * i) / steps);
    const b = scope(() => ({ ...upload(device, task, scenes, lr), nodes: nodesOf(device, rng) }));
    ({ state } = step(state, b));
    if ((i + 1) % EVERY === 0 || i === 0) moments.push({ step: i + 1, ...(await look(task, form, state.params, b)) });
    for (const x of namedTensors(b).values()) x.dispose();
  }
  const worth = await judge(task, form, state.params, device);
  step.dispose();
  const seconds = (performance.now() - start) / 1000;
  return { form: form.name, setting: setting.name, seed, moments, ...worth, seconds };
}

const nodesOf = (device: Device, rng: Rng) => logSNodes('importance', FLOW, device, { rng, samples: NODES });

function upload(device: Device, task: Task, { count, inputs, joints, boxes, classes }: Scenes, lr: number) {
  return {
    inputs: device.tensor(inputs, [count, ...task.inputShape]),
    joints: device.tensor(joints, [count, task.joints, 2]),
    boxes: device.tensor(boxes, [count, 4]),
    classes: device.tensor(classes, [count, 1]),
    lr: device.scalar(lr),
  };
}
