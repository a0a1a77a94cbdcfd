import { valueAndGrad, vjp } from '../../src/autograd/grad.js';
import {
  add,
  batchNorm,
  batchNormRelu,
  conv2d,
  conv2dInput,
  conv2dWeight,
  convTranspose2d,
  type Device,
  eachTensor,
  matmul,
  mul,
  packParameters,
  scope,
  softmax,
  stopGradient,
  sum,
  type Tensor,
} from '../../src/index.js';
import { type AdamState, adam, resnet } from '../../src/nn/index.js';
import { type RealNvpParams, realNvp, regressor, rle } from '../../src/rle/index.js';
import { Rng } from '../../src/tensor/rng.js';
import { aliasOf } from '../../src/tensor/tensor.js';
import { mapTensors } from '../../src/tensor/tree.js';
import type { HostArray } from '../../src/testing/hostArray.js';
import { GRADIENT, type Operands } from './operands.js';
import { LEARNING_RATE, type Results } from './protocol.js';
import type { StepWork, Work } from './rows.js';

/** The flow of all works; its parameters are operands. */
const FLOW = realNvp({ dims: 2 });

/** A work on a device: `call` enqueues it once and lets go of what it makes; `results` does it once and reads that. */
export interface PreparedWork {
  call(): void;
  results(): Promise<Results>;
}

/** The work as wgrad's users would write it; on the float64 reference it says what every library has to compute. */
export function prepareWork(device: Device, work: Work, operands: Operands): PreparedWork {
  const on = (name: string) => upload(device, operands.get(name) as HostArray);
  switch (work.kind) {
    case 'matmul': {
      const [a, b] = [on('a'), on('b')];
      return stateless(() => ({ y: matmul(a, b) }));
    }
    case 'conv2d': {
      const [x, filter] = [on('x'), on('filter')];
      return stateless(() => ({ y: conv2d(x, filter, geometry(work)) }));
    }
    case 'conv2dInput': {
      const [g, filter] = [on('g'), on('filter')];
      const inputSize = [work.x[1], work.x[2]] as const;
      return stateless(() => ({ y: conv2dInput(g, filter, { ...geometry(work), inputSize }) }));
    }
    case 'conv2dWeight': {
      const [x, g] = [on('x'), on('g')];
      const kernel = [work.filter[0], work.filter[1]] as const;
      return stateless(() => ({ y: conv2dWeight(x, g, { ...geometry(work), kernel }) }));
    }
    case 'convTranspose2d': {
      const [x, filter] = [on('x'), on('filter')];
      return stateless(() => ({ y: convTranspose2d(x, filter, geometry(work)) }));
    }
    case 'batchNorm': {
      const op = work.relu ? batchNormRelu : batchNorm;
      const variables = { x: on('x'), gamma: on('gamma'), beta: on('beta') };
      const g = on('g');
      const running = [device.zeros(variables.gamma.shape), device.zeros(variables.gamma.shape)];
      return stateless(() => {
        // Second handles on the running statistics: the op updates them in place, and the handles that it is given die.
        const [mean, variance] = running.map((t) => stopGradient(t));
        const f = ({ x, gamma, beta }: typeof variables) => op(x, gamma, beta, mean, variance)[0];
        const [y, gradients] = vjp(f, variables, g);
        return { y, ...gradients };
      });
    }
    case 'softmax': {
      const x = on('x');
      return stateless(() => ({ y: softmax(x) }));
    }
    case 'flow': {
      const flow = flowOn(device, operands);
      const step = valueAndGrad((p: { flow: typeof flow; x: Tensor }) => sum(FLOW.logProb(p.flow, p.x)));
      return stateless(gradientsOf(step, { flow, x: on('x') }));
    }
    case 'rle': {
      const flow = flowOn(device, operands);
      const labels = { target: on('target'), weight: on('weight') };
      const step = valueAndGrad((p: { flow: typeof flow; mu: Tensor; logit: Tensor }) =>
        rle({ mu: p.mu, logit: p.logit }, labels, { flow: FLOW, params: p.flow, variant: 'official' }),
      );
      return stateless(gradientsOf(step, { flow, mu: on('mu'), logit: on('logit') }));
    }
    case 'adam':
      return prepareAdam(device, work.width, operands);
    case 'step':
      return prepareStep(device, work, operands);
  }
}

function geometry({ stride, padding, groups }: { stride: number; padding: number; groups: number }) {
  return { stride, padding, groups };
}

function upload(device: Device, { data, shape }: HostArray): Tensor {
  return device.tensor(data, shape);
}

function stateless(f: () => Record<string, Tensor>): PreparedWork {
  return {
    call: () =>
      scope(() => {
        f();
      }),
    async results() {
      const results = scope(f);
      const read = await readAll(results);
      for (const t of Object.values(results)) t.dispose();
      return read;
    },
  };
}

async function readAll(tensors: Record<string, Tensor>): Promise<Results> {
  const read: Record<string, Results[string]> = {};
  for (const [name, t] of Object.entries(tensors)) read[name] = Float64Array.from(await t.data());
  return read;
}

/** The value and, under the variables' paths, the gradients. */
function gradientsOf<P>(step: (p: P) => [value: Tensor, gradients: P], variables: P): () => Record<string, Tensor> {
  return () => {
    const [loss, gradients] = step(variables);
    const results: Record<string, Tensor> = { loss };
    eachTensor(gradients, (g, path) => {
      results[GRADIENT + path] = g;
    });
    return results;
  };
}

function flowOn(device: Device, operands: Operands): RealNvpParams {
  return packParameters(overwrite(FLOW.init(new Rng(0), device), operands, 'flow.'));
}

function prepareAdam(device: Device, width: number, operands: Operands): PreparedWork {
  const own = resnet.init(new Rng(0), device, { depth: 18, width }).params;
  let params = packParameters(overwrite(own, operands));
  // The optimiser is given gradients in an arena of their own, where the sweep puts them: d sum(p c) / dp = c.
  const [, gradients] = valueAndGrad((p: typeof params) => {
    const terms: Tensor[] = [];
    eachTensor(p, (t, path) => terms.push(sum(mul(t, upload(device, operands.get(GRADIENT + path) as HostArray)))));
    return terms.reduce((a, b) => add(a, b));
  })(params);
  let state: AdamState<typeof params> = adam.init(params);
  const call = () => {
    // The optimiser disposes of the gradients, so it is given second handles.
    const handles = mapTensors(gradients, (g) => aliasOf(g));
    [params, state] = adam.step(params, handles, state, { lr: LEARNING_RATE });
  };
  return {
    call,
    results: () => {
      call();
      const updated: Record<string, Tensor> = {};
      eachTensor(params, (t, path) => {
        updated[path] = t;
      });
      return readAll(updated);
    },
  };
}

function prepareStep(device: Device, work: StepWork, operands: Operands): PreparedWork {
  const { depth, width, stem, joints } = work;
  const model = regressor.init(new Rng(0), device, { depth, width, stem, joints });
  let params = packParameters(overwrite(model.params, operands));
  let { state } = model;
  let optimizer: AdamState<typeof params> = adam.init(params);
  const [images, target, weight] = ['images', 'target', 'weight'].map((name) =>
    upload(device, operands.get(name) as HostArray),
  );
  const step = () =>
    scope(() => {
      const differentiate = valueAndGrad(
        (p: typeof params) => {
          const [prediction, next] = regressor.apply(p, state, images, { training: true, normalise: false });
          return [
            rle(prediction, { target, weight }, { flow: FLOW, params: p.flow, variant: 'official' }),
            next,
          ] as const;
        },
        { aux: true },
      );
      const [[loss, next], gradients] = differentiate(params);
      const [updated, moments] = adam.step(params, gradients, optimizer, { lr: LEARNING_RATE });
      return { loss, updated, moments, next };
    });
  const advance = () => {
    const { loss, updated, moments, next } = step();
    [params, optimizer, state] = [updated, moments, next];
    return loss;
  };
  return {
    call: () => advance().dispose(),
    async results() {
      const losses = { loss: advance(), 'loss after Adam': advance() };
      const read = await readAll(losses);
      for (const loss of Object.values(losses)) loss.dispose();
      return read;
    },
  };
}

/** Parameters with the operands' values; `prefix` is what the operands' names have before theirs. */
function overwrite<P>(params: P, operands: Operands, prefix = ''): P {
  eachTensor(params, (t, path) => t.device.write(t, (operands.get(prefix + path) as HostArray).data));
  return params;
}
