import * as tf from '@tensorflow/tfjs';
import { GRADIENT, type Operands } from '../operands.js';
import { LEARNING_RATE, type Results } from '../protocol.js';
import { blocksOf, type StepWork } from '../rows.js';

/** A piece of work: `call` enqueues it and returns what it made, of which the lane disposes. */
export interface TfWork {
  call(): tf.TensorContainerObject;
  /** Default: what `call` returns. */
  results?(): Promise<Results>;
}

type Params = ReadonlyMap<string, tf.Variable>;

const COUPLINGS = 6;
const SLOPE = 0.01;

/** Reads and disposes. */
export async function readAll(tensors: tf.TensorContainerObject): Promise<Results> {
  const read: Record<string, Float32Array> = {};
  for (const [name, t] of Object.entries(tensors)) {
    read[name] = (await (t as tf.Tensor).data()) as Float32Array;
    (t as tf.Tensor).dispose();
  }
  return read;
}

type Pads = [[number, number], [number, number], [number, number], [number, number]];

/** Explicit zero padding, as its kernels take it. */
export function pads(padding: number): Pads {
  return [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ];
}

function variable(operands: Operands, name: string): tf.Variable {
  const { data, shape } = operands.get(name)!;
  return tf.variable(tf.tensor(data as Float32Array, shape as number[]));
}

/** The operands whose names are parameters': dotted, unlike images and labels. */
function variables(operands: Operands): Params {
  const names = [...operands.keys()].filter((name) => name.includes('.') && !name.startsWith(GRADIENT));
  return new Map(names.map((name) => [name, variable(operands, name)]));
}

function linear(params: Params, name: string, x: tf.Tensor): tf.Tensor {
  const weight = params.get(`${name}.weight`) as unknown as tf.Tensor2D;
  return tf.add(tf.matMul(x as tf.Tensor2D, weight, false, true), params.get(`${name}.bias`) as tf.Tensor);
}

function net(params: Params, name: string, x: tf.Tensor): tf.Tensor {
  const first = tf.leakyRelu(linear(params, `${name}.0`, x), SLOPE);
  return linear(params, `${name}.4`, tf.leakyRelu(linear(params, `${name}.2`, first), SLOPE));
}

/** log p of points [n, 2] under the flow. */
function logProb(params: Params, x: tf.Tensor): tf.Tensor {
  let z = x;
  let logScale: tf.Tensor = tf.zerosLike(x);
  for (let i = COUPLINGS - 1; i >= 0; i--) {
    const pass = tf.tensor1d(i % 2 === 0 ? [0, 1] : [1, 0]);
    const change = tf.sub(1, pass);
    const seen = tf.mul(z, pass);
    const s = tf.mul(tf.tanh(net(params, `flow.s.${i}`, seen)), change);
    const t = tf.mul(net(params, `flow.t.${i}`, seen), change);
    z = tf.mul(tf.sub(z, t), tf.exp(tf.neg(s)));
    logScale = tf.sub(logScale, s);
  }
  return tf.sub(tf.sum(tf.sub(logScale, tf.mul(tf.square(z), 0.5)), -1), Math.log(2 * Math.PI));
}

/** The official loss of mu and logit [B, K, 2] against target and weight [B, K, 1]. */
function rleLoss(params: Params, mu: tf.Tensor, logit: tf.Tensor, target: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const [batch, joints] = mu.shape;
  const logSigma = tf.logSigmoid(logit);
  const error = tf.div(tf.sub(mu, target), tf.sigmoid(logit));
  const logPhi = tf.reshape(logProb(params, tf.reshape(error, [-1, 2])), [batch, joints, 1]);
  const flow = tf.sub(logSigma, logPhi);
  const base = tf.add(tf.add(logSigma, 0.5 * Math.log(2 * Math.PI)), tf.div(tf.abs(error), Math.SQRT2 + 1e-9));
  return tf.div(tf.sum(tf.mul(tf.add(flow, base), weight)), batch);
}

/** Loss and gradients of all variables, ours by name. */
function gradientWork(params: Params, loss: () => tf.Tensor): TfWork {
  return {
    call() {
      const { value, grads } = tf.variableGrads(loss as () => tf.Scalar, [...params.values()]);
      const named = [...params].map(([name, v]) => [GRADIENT + name, grads[v.name]] as const);
      return { loss: value, ...Object.fromEntries(named) };
    },
  };
}

export function prepareFlow(operands: Operands): TfWork {
  const params = new Map([...variables(operands), ['x', variable(operands, 'x')]]);
  return gradientWork(params, () => tf.sum(logProb(params, params.get('x')!)));
}

export function prepareRle(operands: Operands): TfWork {
  const params = new Map(variables(operands));
  for (const name of ['mu', 'logit']) params.set(name, variable(operands, name));
  const [target, weight] = [variable(operands, 'target'), variable(operands, 'weight')];
  return gradientWork(params, () => rleLoss(params, params.get('mu')!, params.get('logit')!, target, weight));
}

export function prepareAdam(operands: Operands): TfWork {
  const names = [...operands.keys()].filter((name) => !name.startsWith(GRADIENT));
  const params = new Map(names.map((name) => [name, variable(operands, name)]));
  const grads = Object.fromEntries([...params].map(([name, v]) => [v.name, variable(operands, GRADIENT + name)]));
  const optimizer = tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-8);
  const call = () => {
    optimizer.applyGradients(grads);
    return {};
  };
  return {
    call,
    async results() {
      call();
      const read: Record<string, Float32Array> = {};
      for (const [name, p] of params) read[name] = (await p.data()) as Float32Array;
      return read;
    },
  };
}

/** Convolution, batch norm by the batch's statistics; the running ones are spared. */
function convNorm(params: Params, conv: string, bn: string, x: tf.Tensor, stride: number): tf.Tensor {
  const filter = params.get(`${conv}.weight`) as unknown as tf.Tensor4D;
  const h = tf.conv2d(x as tf.Tensor4D, filter, stride, pads((filter.shape[0] - 1) / 2));
  const { mean, variance } = tf.moments(h, [0, 1, 2]);
  const vector = (name: string) => params.get(`${bn}.${name}`) as unknown as tf.Tensor1D;
  return tf.batchNorm(h, mean as tf.Tensor1D, variance as tf.Tensor1D, vector('bias'), vector('weight'), 1e-5);
}

function features(params: Params, work: StepWork, images: tf.Tensor): tf.Tensor {
  let h = tf.relu(convNorm(params, 'preact.conv1', 'preact.bn1', images, 2));
  h = tf.maxPool(h as tf.Tensor4D, 3, 2, pads(1));
  for (const { name, stride, units, strided } of blocksOf(work)) {
    const block = `preact.${name}`;
    const shortcut = params.has(`${block}.downsample.0.weight`)
      ? convNorm(params, `${block}.downsample.0`, `${block}.downsample.1`, h, stride)
      : h;
    for (let u = 1; u <= units; u++) {
      const y = convNorm(params, `${block}.conv${u}`, `${block}.bn${u}`, h, u === strided ? stride : 1);
      h = tf.relu(u === units ? tf.add(y, shortcut) : y);
    }
  }
  return tf.mean(h, [1, 2]);
}

export function prepareStep(work: StepWork, operands: Operands): TfWork {
  const params = variables(operands);
  const [images, target, weight] = ['images', 'target', 'weight'].map((name) => variable(operands, name));
  const points = [work.batch, work.joints, 2];
  const loss = () => {
    const x = features(params, work, images);
    const mu = tf.reshape(linear(params, 'fc_coord.linear', x), points);
    const logit = tf.reshape(linear(params, 'fc_sigma.linear', x), points);
    return rleLoss(params, mu, logit, target, weight) as tf.Scalar;
  };
  const optimizer = tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-8);
  const step = () => optimizer.minimize(loss, true, [...params.values()]) as tf.Scalar;
  return {
    call: () => ({ loss: step() }),
    results: async () => readAll({ loss: step(), 'loss after Adam': step() }),
  };
}
