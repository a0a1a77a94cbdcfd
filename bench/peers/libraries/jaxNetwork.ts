import * as jax from '@jax-js/jax';
import { permuteAxes } from '../../../src/io/torchLayout.js';
import { GRADIENT, type Operands } from '../operands.js';
import { LEARNING_RATE, type Results } from '../protocol.js';
import { blocksOf, type StepWork } from '../rows.js';

const { numpy: np, lax, jit, valueAndGrad } = jax;

export type Arrays = Record<string, jax.Array>;

/** A piece of work: `call` enqueues it and returns what it made. */
export interface JaxWork {
  call(): Arrays;
  /** Default: what `call` returns, arrays of four axes turned by `layout`. */
  results?(): Promise<Results>;
  readonly layout?: readonly number[];
}

const COUPLINGS = 6;
const SLOPE = 0.01;
const BETAS = [0.9, 0.999] as const;
const RSCK_TO_OIHW = [3, 2, 0, 1];
const NHWC_TO_NCHW = [0, 3, 1, 2];

function onDevice(operands: Operands, name: string, layout = RSCK_TO_OIHW): jax.Array {
  const host = operands.get(name)!;
  const { shape, data } = host.shape.length === 4 ? permuteAxes(host, layout) : host;
  return np.array(data as Float32Array<ArrayBuffer>).reshape([...shape]);
}

/** The operands whose names are parameters': dotted, unlike images and labels. */
function paramsOf(operands: Operands): Arrays {
  const names = [...operands.keys()].filter((name) => name.includes('.') && !name.startsWith(GRADIENT));
  return Object.fromEntries(names.map((name) => [name, onDevice(operands, name)]));
}

/** Second references to all of a record: functions consume what they are given. */
function refs(arrays: Arrays): Arrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, a]) => [name, a.ref]));
}

function linear(params: Arrays, name: string, x: jax.Array): jax.Array {
  return np.matmul(x, params[`${name}.weight`].ref.transpose()).add(params[`${name}.bias`].ref);
}

function net(params: Arrays, name: string, x: jax.Array): jax.Array {
  const first = jax.nn.leakyRelu(linear(params, `${name}.0`, x), SLOPE);
  return linear(params, `${name}.4`, jax.nn.leakyRelu(linear(params, `${name}.2`, first), SLOPE));
}

/** log p of points [n, 2] under the flow. */
function logProb(params: Arrays, x: jax.Array): jax.Array {
  let z = x;
  let logScale = np.zerosLike(z.ref);
  for (let i = COUPLINGS - 1; i >= 0; i--) {
    const pass = np.array(i % 2 === 0 ? [0, 1] : [1, 0]);
    const change = np.array(i % 2 === 0 ? [1, 0] : [0, 1]);
    const seen = z.ref.mul(pass);
    const s = np.tanh(net(params, `flow.s.${i}`, seen.ref)).mul(change.ref);
    const t = net(params, `flow.t.${i}`, seen).mul(change);
    z = z.sub(t).mul(np.exp(s.ref.neg()));
    logScale = logScale.sub(s);
  }
  return logScale
    .sub(np.square(z).mul(0.5))
    .sum(-1)
    .sub(Math.log(2 * Math.PI));
}

/** The official loss of mu and logit [B, K, 2] against target and weight [B, K, 1]. */
function rleLoss(params: Arrays, mu: jax.Array, logit: jax.Array, target: jax.Array, weight: jax.Array): jax.Array {
  const [batch, joints] = mu.shape;
  const logSigma = jax.nn.logSigmoid(logit.ref);
  const error = mu.sub(target).div(jax.nn.sigmoid(logit));
  const logPhi = logProb(params, error.ref.reshape([-1, 2])).reshape([batch, joints, 1]);
  const flow = logSigma.ref.sub(logPhi);
  const base = logSigma.add(0.5 * Math.log(2 * Math.PI)).add(np.abs(error).div(Math.SQRT2 + 1e-9));
  return flow.add(base).mul(weight).sum().div(batch);
}

/** Loss and gradients of all variables, ours by name, compiled together. */
function gradientWork(variables: Arrays, loss: (variables: Arrays) => jax.Array): JaxWork {
  const both = jit((v: Arrays) => valueAndGrad(loss)(v) as [jax.Array, Arrays]);
  return {
    call() {
      const [value, gradients] = both(refs(variables));
      const named = Object.entries(gradients).map(([name, g]) => [GRADIENT + name, g] as const);
      return { loss: value, ...Object.fromEntries(named) };
    },
  };
}

/** Frees parameters that a loss has used by reference, as jax-js asks for. */
function consumed(params: Arrays, value: jax.Array): jax.Array {
  for (const p of Object.values(params)) p.dispose();
  return value;
}

export function prepareFlow(operands: Operands): JaxWork {
  const variables = { ...paramsOf(operands), x: onDevice(operands, 'x') };
  return gradientWork(variables, (v) => consumed(v, logProb(v, v.x.ref).sum()));
}

export function prepareRle(operands: Operands): JaxWork {
  const variables = { ...paramsOf(operands), mu: onDevice(operands, 'mu'), logit: onDevice(operands, 'logit') };
  const [target, weight] = [onDevice(operands, 'target'), onDevice(operands, 'weight')];
  return gradientWork(variables, (v) => consumed(v, rleLoss(v, v.mu.ref, v.logit.ref, target.ref, weight.ref)));
}

type AdamState = { params: Arrays; m: Arrays; v: Arrays };

function atRest(params: Arrays): AdamState {
  const zeros = () => Object.fromEntries(Object.entries(params).map(([name, p]) => [name, np.zeros(p.shape)]));
  return { params, m: zeros(), v: zeros() };
}

/** Adam as PyTorch has it; `corrections` holds 1 - beta^t, which changes from step to step. */
function adam({ params, m, v }: AdamState, gradients: Arrays, corrections: jax.Array): AdamState {
  const next: AdamState = { params: {}, m: {}, v: {} };
  const [bias1, bias2] = corrections;
  for (const [name, p] of Object.entries(params)) {
    const g = gradients[name];
    const mNext = m[name].mul(BETAS[0]).add(g.ref.mul(1 - BETAS[0]));
    const vNext = v[name].mul(BETAS[1]).add(np.square(g).mul(1 - BETAS[1]));
    const update = mNext.ref.div(bias1.ref).div(np.sqrt(vNext.ref.div(bias2.ref)).add(1e-8));
    next.params[name] = p.sub(update.mul(LEARNING_RATE));
    next.m[name] = mNext;
    next.v[name] = vNext;
  }
  bias1.dispose();
  bias2.dispose();
  return next;
}

function correctionsAt(step: number): jax.Array {
  return np.array(BETAS.map((beta) => 1 - beta ** step));
}

export function prepareAdam(operands: Operands): JaxWork {
  const names = [...operands.keys()].filter((name) => !name.startsWith(GRADIENT));
  const params = Object.fromEntries(names.map((name) => [name, onDevice(operands, name, [0, 1, 2, 3])]));
  const gradients = Object.fromEntries(names.map((name) => [name, onDevice(operands, GRADIENT + name, [0, 1, 2, 3])]));
  let state = atRest(params);
  let count = 0;
  const update = jit(adam);
  const advance = () => {
    state = update(state, refs(gradients), correctionsAt(++count));
  };
  return {
    call() {
      advance();
      return { first: Object.values(state.params)[0].ref };
    },
    async results() {
      advance();
      const read: Record<string, Float32Array> = {};
      for (const [name, p] of Object.entries(state.params)) read[name] = (await p.ref.data()) as Float32Array;
      return read;
    },
  };
}

/** Convolution in NCHW, batch norm by the batch's statistics; the running ones are spared. */
function convNorm(params: Arrays, conv: string, bn: string, x: jax.Array, stride: number): jax.Array {
  const filter = params[`${conv}.weight`].ref;
  const side = (filter.shape[2] - 1) / 2;
  const pads: [number, number] = [side, side];
  const h = lax.convGeneralDilated(x, filter, [stride, stride], [pads, pads]);
  const vector = (name: string) => params[`${bn}.${name}`].ref.reshape([-1, 1, 1]);
  const centred = h.ref.sub(np.mean(h, [0, 2, 3], { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true });
  return centred.mul(np.reciprocal(np.sqrt(variance.add(1e-5))).mul(vector('weight'))).add(vector('bias'));
}

function features(params: Arrays, work: StepWork, images: jax.Array): jax.Array {
  let h = jax.nn.relu(convNorm(params, 'preact.conv1', 'preact.bn1', images, 2));
  // Behind a ReLU a zero is as good a border as minus infinity.
  const border: [number, number] = [1, 1];
  h = np.pad(h, [[0, 0], [0, 0], border, border]);
  h = lax.reduceWindow(h, (window) => np.max(window), [3, 3], [2, 2]);
  for (const { name, stride, units, strided } of blocksOf(work)) {
    const block = `preact.${name}`;
    const shortcut = params[`${block}.downsample.0.weight`]
      ? convNorm(params, `${block}.downsample.0`, `${block}.downsample.1`, h.ref, stride)
      : h.ref;
    for (let u = 1; u <= units; u++) {
      const y = convNorm(params, `${block}.conv${u}`, `${block}.bn${u}`, h, u === strided ? stride : 1);
      h = jax.nn.relu(u === units ? y.add(shortcut) : y);
    }
  }
  return np.mean(h, [2, 3]);
}

/** A step is two programs, gradients and update: compiled as one it did not end within minutes. */
export function prepareStep(work: StepWork, operands: Operands): JaxWork {
  const batch = [
    onDevice(operands, 'images', NHWC_TO_NCHW),
    onDevice(operands, 'target'),
    onDevice(operands, 'weight'),
  ];
  const points = [work.batch, work.joints, 2];
  const loss = (params: Arrays, images: jax.Array, target: jax.Array, weight: jax.Array) => {
    const pooled = features(params, work, images);
    const mu = linear(params, 'fc_coord.linear', pooled.ref).reshape(points);
    const logit = linear(params, 'fc_sigma.linear', pooled).reshape(points);
    return consumed(params, rleLoss(params, mu, logit, target, weight));
  };
  const differentiate = jit(
    (params: Arrays, ...batch: jax.Array[]) =>
      valueAndGrad(loss)(params, ...(batch as [jax.Array, jax.Array, jax.Array])) as [jax.Array, Arrays],
  );
  const update = jit(adam);
  let state = atRest(paramsOf(operands));
  let count = 0;
  const advance = () => {
    const [value, gradients] = differentiate(refs(state.params), ...batch.map((a) => a.ref));
    state = update(state, gradients, correctionsAt(++count));
    return value;
  };
  return {
    call() {
      const value = advance();
      return { updated: Object.values(state.params)[0].ref, loss: value };
    },
    async results() {
      const [first, second] = [advance(), advance()];
      return {
        loss: (await first.data()) as Float32Array,
        'loss after Adam': (await second.data()) as Float32Array,
      };
    },
  };
}
