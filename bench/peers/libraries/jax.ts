import * as jax from '@jax-js/jax';
import { permuteAxes } from '../../../src/io/torchLayout.js';
import { type Library, type Prepared, serve } from '../lane.js';
import type { Operands } from '../operands.js';
import type { Results } from '../protocol.js';
import type { ConvWork, Work } from '../rows.js';
import { provideNavigator, watchErrors } from './adapter.js';
import { type Arrays, type JaxWork, prepareAdam, prepareFlow, prepareRle, prepareStep } from './jaxNetwork.js';

const { numpy: np, lax, jit, vjp } = jax;

/** jax-js computes in NCHW and OIHW; operands and results are turned on the host, outside of what is timed. */
const NHWC_TO_NCHW = [0, 3, 1, 2];
const NCHW_TO_NHWC = [0, 2, 3, 1];
const RSCK_TO_OIHW = [3, 2, 0, 1];
const OIHW_TO_RSCK = [2, 3, 1, 0];

/** Results that are kept for a while before they are disposed of: jax-js drops what is disposed of before it has run. */
const WINDOW = 32;

async function open(): Promise<Library> {
  const description = await provideNavigator();
  await jax.init('webgpu');
  jax.defaultDevice('webgpu');
  const device = jax.getWebGPUDevice();
  const check = watchErrors(device);
  return {
    description,
    isAdapter: true,
    prepare(work, operands): Prepared {
      const { call, results, layout } = jaxWork(work, operands);
      return {
        results: results ?? (() => readAll(call(), layout)),
        async run(repeats) {
          let waiting: Promise<void>[] = [];
          for (let i = 0; i < repeats; i++) {
            // Waiting for one result submits everything that the call enqueued.
            waiting.push(letGo(call()));
            if (waiting.length === WINDOW) {
              await waiting[0];
              waiting = waiting.slice(1);
            }
          }
          await Promise.all(waiting);
          await device.queue.onSubmittedWorkDone();
          check();
        },
      };
    },
  };
}

async function letGo(results: Arrays): Promise<void> {
  const arrays = Object.values(results);
  await arrays[0].blockUntilReady();
  for (const a of arrays) a.dispose();
}

async function readAll(arrays: Arrays, layout: readonly number[] | undefined): Promise<Results> {
  const read: Record<string, Float32Array> = {};
  for (const [name, a] of Object.entries(arrays)) {
    const { shape } = a;
    const data = (await a.data()) as Float32Array;
    read[name] = layout && shape.length === 4 ? (permuteAxes({ shape, data }, layout).data as Float32Array) : data;
  }
  return read;
}

function jaxWork(work: Work, operands: Operands): JaxWork {
  const on = (name: string, layout?: readonly number[]) => {
    const host = operands.get(name)!;
    const { shape, data } = layout ? permuteAxes(host, layout) : host;
    return np.array(data as Float32Array<ArrayBuffer>).reshape([...shape]);
  };
  switch (work.kind) {
    case 'matmul': {
      const product = jit((a: jax.Array, b: jax.Array) => np.matmul(a, b));
      const [a, b] = [on('a'), on('b')];
      return { call: () => ({ y: product(a.ref, b.ref) }) };
    }
    case 'conv2d':
      return convolve(work, on('x', NHWC_TO_NCHW), on('filter', RSCK_TO_OIHW));
    case 'conv2dInput':
      return convolveInput(work, on('g', NHWC_TO_NCHW), on('filter', RSCK_TO_OIHW));
    case 'convTranspose2d':
      return convolveInput({ ...work, x: work.y, y: work.x }, on('x', NHWC_TO_NCHW), on('filter', RSCK_TO_OIHW));
    case 'conv2dWeight':
      return convolveWeight(work, on('x', NHWC_TO_NCHW), on('g', NHWC_TO_NCHW));
    case 'batchNorm':
      return batchNorm(
        work.relu,
        ['x', 'gamma', 'beta', 'g'].map((name) => on(name)),
      );
    case 'softmax': {
      const softmax = jit((x: jax.Array) => jax.nn.softmax(x, -1));
      const x = on('x');
      return { call: () => ({ y: softmax(x.ref) }) };
    }
    case 'flow':
      return prepareFlow(operands);
    case 'rle':
      return prepareRle(operands);
    case 'adam':
      return prepareAdam(operands);
    case 'step':
      return prepareStep(work, operands);
  }
}

type Convolve = (x: jax.Array, filter: jax.Array) => jax.Array;

function convolution({ stride, padding, groups }: ConvWork): Convolve {
  const pads: [number, number] = [padding, padding];
  return (x, filter) =>
    lax.convGeneralDilated(x, filter, [stride, stride], [pads, pads], { featureGroupCount: groups });
}

function convolve(work: ConvWork, x: jax.Array, filter: jax.Array): JaxWork {
  const forward = jit(convolution(work));
  return { call: () => ({ y: forward(x.ref, filter.ref) }), layout: NCHW_TO_NHWC };
}

/** The transpose of a convolution: under `jit` the forward pass that `vjp` traces is dropped, as nothing reads it. */
function transpose(f: (v: jax.Array) => jax.Array, at: jax.Array, g: jax.Array): jax.Array {
  const [y, pullback] = vjp(f, [at]);
  y.dispose();
  const [gradient] = pullback(g);
  pullback.dispose();
  return gradient;
}

function convolveInput(work: ConvWork, g: jax.Array, filter: jax.Array): JaxWork {
  const [n, h, w, c] = work.x;
  const at = np.zeros([n, c, h, w]);
  const gradient = jit((x: jax.Array, w: jax.Array, g: jax.Array) => transpose((v) => convolution(work)(v, w), x, g));
  return { call: () => ({ y: gradient(at.ref, filter.ref, g.ref) }), layout: NCHW_TO_NHWC };
}

function convolveWeight(work: ConvWork, x: jax.Array, g: jax.Array): JaxWork {
  const [r, s, c, k] = work.filter;
  const at = np.zeros([k, c, r, s]);
  const gradient = jit((x: jax.Array, w: jax.Array, g: jax.Array) => transpose((v) => convolution(work)(x, v), w, g));
  return { call: () => ({ y: gradient(x.ref, at.ref, g.ref) }), layout: OIHW_TO_RSCK };
}

/** In NHWC, where the channels' sums are over the leading axes: either layout is one kernel per reduction in jax-js. */
function batchNorm(relu: boolean, operands: jax.Array[]): JaxWork {
  const forward = (x: jax.Array, gamma: jax.Array, beta: jax.Array) => {
    const centred = x.ref.sub(np.mean(x, [0, 1, 2]));
    const variance = np.mean(np.square(centred.ref), [0, 1, 2]);
    const y = centred.mul(np.reciprocal(np.sqrt(variance.add(1e-5))).mul(gamma)).add(beta);
    return relu ? jax.nn.relu(y) : y;
  };
  const both = jit((x: jax.Array, gamma: jax.Array, beta: jax.Array, g: jax.Array) => {
    const [y, pullback] = vjp(forward, [x, gamma, beta]);
    const gradients = pullback(g) as jax.Array[];
    pullback.dispose();
    return [y, ...gradients];
  });
  return {
    call: () => {
      const [x, gamma, beta, g] = operands.map((a) => a.ref);
      const [y, dx, dgamma, dbeta] = both(x, gamma, beta, g);
      return { y, x: dx, gamma: dgamma, beta: dbeta };
    },
  };
}

await serve(open);
