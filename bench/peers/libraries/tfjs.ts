import * as tf from '@tensorflow/tfjs';
import { type Library, type Prepared, serve } from '../lane.js';
import type { Operands } from '../operands.js';
import type { ConvWork, Work } from '../rows.js';
import { provideNavigator, watchErrors } from './adapter.js';
import { pads, prepareAdam, prepareFlow, prepareRle, prepareStep, readAll, type TfWork } from './tfjsNetwork.js';

/** What is needed of its WebGPU backend, whose types leave the encoder out. */
interface Backend {
  readonly device: GPUDevice;
  readonly commandEncoder: GPUCommandEncoder | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

async function open(): Promise<Library> {
  const description = await provideNavigator();
  await import('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend('webgpu');
  await tf.ready();
  const backend = tf.backend() as unknown as Backend;
  const check = watchErrors(backend.device);
  const finished = async () => {
    backend.endComputePassEncoder();
    if (backend.commandEncoder) backend.submitQueue();
    await backend.device.queue.onSubmittedWorkDone();
    check();
  };
  return {
    description,
    isAdapter: true,
    prepare(work, operands): Prepared {
      tf.engine().startScope();
      const { call, results } = tfWork(work, operands);
      return {
        results: results ?? (() => readAll(tf.tidy(call))),
        async run(repeats) {
          for (let i = 0; i < repeats; i++) tf.dispose(tf.tidy(call));
          await finished();
        },
        close() {
          tf.disposeVariables();
          tf.engine().endScope();
        },
      };
    },
  };
}

function tfWork(work: Work, operands: Operands): TfWork {
  const on = (name: string) => {
    const { data, shape } = operands.get(name)!;
    return tf.tensor(data as Float32Array, shape as number[]);
  };
  switch (work.kind) {
    case 'matmul': {
      const [a, b] = [on('a') as tf.Tensor2D, on('b') as tf.Tensor2D];
      return { call: () => ({ y: tf.matMul(a, b) }) };
    }
    case 'conv2d':
      return convolve(work, on('x'), on('filter'));
    case 'conv2dInput':
      return convolveInput(work, on('g'), on('filter'));
    case 'convTranspose2d':
      return convolveInput({ ...work, x: work.y, y: work.x }, on('x'), on('filter'));
    case 'conv2dWeight':
      return convolveWeight(work, on('x'), on('g'));
    case 'batchNorm':
      return batchNorm(
        work.relu,
        on('x') as tf.Tensor4D,
        on('gamma') as tf.Tensor1D,
        on('beta') as tf.Tensor1D,
        on('g'),
      );
    case 'softmax': {
      const x = on('x');
      return { call: () => ({ y: tf.softmax(x) }) };
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

function convolve({ stride, padding, groups }: ConvWork, x: tf.Tensor, filter: tf.Tensor): TfWork {
  if (groups > 1) {
    // Its depthwise filters are [R, S, C, multiplier], ours [R, S, 1, C].
    const depthwise = tf.transpose(filter, [0, 1, 3, 2]) as tf.Tensor4D;
    return { call: () => ({ y: tf.depthwiseConv2d(x as tf.Tensor4D, depthwise, stride, pads(padding)) }) };
  }
  return { call: () => ({ y: tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pads(padding)) }) };
}

/** The kernels of its gradients by name: `tf.grad` would compute the forward pass as well. */
function kernel(name: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs as never) as tf.Tensor;
}

function convolveInput({ stride, padding, groups, x }: ConvWork, dy: tf.Tensor, filter: tf.Tensor): TfWork {
  const attrs = { strides: stride, pad: pads(padding), dataFormat: 'NHWC', dilations: 1, inputShape: x };
  if (groups > 1) {
    const depthwise = tf.transpose(filter, [0, 1, 3, 2]);
    return { call: () => ({ y: kernel('DepthwiseConv2dNativeBackpropInput', { dy, filter: depthwise }, attrs) }) };
  }
  return { call: () => ({ y: kernel('Conv2DBackpropInput', { dy, filter }, attrs) }) };
}

function convolveWeight({ stride, padding, groups, filter }: ConvWork, x: tf.Tensor, dy: tf.Tensor): TfWork {
  const attrs = { strides: stride, pad: pads(padding), dataFormat: 'NHWC', dilations: 1 };
  if (groups > 1) {
    // [R, S, C, 1] and [R, S, 1, C] hold the same elements in the same order.
    const filterShape = [filter[0], filter[1], filter[3], 1];
    return {
      call: () => ({ y: kernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...attrs, filterShape }) }),
    };
  }
  return { call: () => ({ y: kernel('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter }) }) };
}

function batchNorm(relu: boolean, x: tf.Tensor4D, gamma: tf.Tensor1D, beta: tf.Tensor1D, g: tf.Tensor): TfWork {
  const forward = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const y = tf.batchNorm(
      x,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      beta as tf.Tensor1D,
      gamma as tf.Tensor1D,
      1e-5,
    );
    return relu ? tf.relu(y) : y;
  };
  const gradients = tf.valueAndGrads(forward);
  return {
    call: () => {
      const { value, grads } = gradients([x, gamma, beta], g);
      return { y: value, x: grads[0], gamma: grads[1], beta: grads[2] };
    },
  };
}

await serve(open);
