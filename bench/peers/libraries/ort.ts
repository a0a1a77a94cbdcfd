import ort from 'onnxruntime-node';
import { permuteAxes } from '../../../src/io/torchLayout.js';
import type { HostArray } from '../../../src/testing/hostArray.js';
import { type Library, type Prepared, serve, Unable } from '../lane.js';
import type { Operands } from '../operands.js';
import type { ConvWork, Work } from '../rows.js';
import { type OnnxNode, onnxModel } from './onnxModel.js';

/** Calls within one run of the timed model: a run waits for the device once, however many calls it holds. */
const COPIES = 16;

/** A work as a graph from constants to `y`. Copies of the graph get a suffix in their names. */
interface OnnxWork {
  readonly constants: ReadonlyMap<string, HostArray>;
  readonly nodes: readonly OnnxNode[];
  readonly integers?: ReadonlyMap<string, readonly number[]>;
  readonly shape: readonly number[];
}

/** It has its own Dawn and chooses the adapter itself, without saying which. */
async function open(): Promise<Library> {
  return {
    description: 'its own Dawn, which names no adapter',
    isAdapter: false,
    async prepare(work, operands): Promise<Prepared> {
      const graph = onnxWork(work, operands);
      const once = await session(graph, 1);
      const many = await session(graph, COPIES);
      return {
        async results() {
          const reader = await session(graph, 1, 'cpu');
          const { y0 } = await reader.run({});
          await reader.release();
          return { y: y0.data as Float32Array };
        },
        async run(repeats) {
          for (let rest = repeats; rest > 0; ) {
            const [model, calls] = rest >= COPIES ? ([many, COPIES] as const) : ([once, 1] as const);
            const outputs = await model.run({});
            for (const name of Object.keys(outputs)) outputs[name].dispose();
            rest -= calls;
          }
        },
        async close() {
          await once.release();
          await many.release();
        },
      };
    },
  };
}

/**
 * A model of `copies` calls whose results stay on the device, but for one number of the last: its arrival says that all
 * are done. Optimisation is off, or ONNX Runtime would fold the constants and compute nothing.
 */
function session(
  { constants, integers = new Map(), nodes, shape }: OnnxWork,
  copies: number,
  location: 'cpu' | 'gpu-buffer' = 'gpu-buffer',
): Promise<ort.InferenceSession> {
  const made = nodes.map((node) => node.output);
  const copied = Array.from({ length: copies }, (_, i) => {
    const own = (name: string) => (made.includes(name) ? `${name}${i}` : name);
    return nodes.map((node) => ({ ...node, inputs: node.inputs.map(own), output: own(node.output) }));
  }).flat();
  const token = { op: 'Slice', inputs: [`y${copies - 1}`, 'first', 'second', 'axes'], output: 'token' };
  const corner = new Map([
    ['first', shape.map(() => 0)],
    ['second', shape.map(() => 1)],
    ['axes', shape.map((_, axis) => axis)],
  ]);
  const names = Array.from({ length: copies }, (_, i) => `y${i}`);
  const model = onnxModel({
    constants,
    integers: new Map([...integers, ...corner]),
    nodes: [...copied, token],
    outputs: [...names.map((name) => ({ name, shape })), { name: 'token', shape: shape.map(() => 1) }],
  });
  return ort.InferenceSession.create(model, {
    executionProviders: ['webgpu'],
    graphOptimizationLevel: 'disabled',
    preferredOutputLocation: { ...Object.fromEntries(names.map((name) => [name, location])), token: 'cpu' },
    logSeverityLevel: 3,
  });
}

function onnxWork(work: Work, operands: Operands): OnnxWork {
  const constant = (...names: string[]) => new Map(names.map((name) => [name, operands.get(name) as HostArray]));
  switch (work.kind) {
    case 'matmul':
      return {
        constants: constant('a', 'b'),
        nodes: [{ op: 'MatMul', inputs: ['a', 'b'], output: 'y' }],
        shape: [work.m, work.n],
      };
    case 'softmax':
      return {
        constants: constant('x'),
        nodes: [{ op: 'Softmax', inputs: ['x'], output: 'y', attributes: { axis: 1 } }],
        shape: [work.rows, work.columns],
      };
    case 'conv2d':
      return convolve(work, operands);
    case 'conv2dInput':
      return transposed(work, operands, 'g');
    case 'convTranspose2d':
      return transposed({ ...work, x: work.y, y: work.x }, operands, 'x');
    case 'conv2dWeight':
      return convolveWeight(work, operands);
    default:
      throw new Unable('no gradients');
  }
}

/**
 * Constants come in NHWC and results leave so, between transposes that ONNX Runtime cancels against those of its own NHWC
 * kernels: what is left is the kernel alone.
 */
const TO_NCHW = { perm: [0, 3, 1, 2] };
const TO_NHWC = { perm: [0, 2, 3, 1] };
const RSCK_TO_OIHW = [3, 2, 0, 1];

function attributesOf({ stride, padding, groups }: ConvWork) {
  return { strides: [stride, stride], pads: [padding, padding, padding, padding], group: groups };
}

function convolve(work: ConvWork, operands: Operands): OnnxWork {
  return {
    constants: new Map([
      ['x', operands.get('x')!],
      ['w', permuteAxes(operands.get('filter')!, RSCK_TO_OIHW) as HostArray],
    ]),
    nodes: [
      { op: 'Transpose', inputs: ['x'], output: 'xt', attributes: TO_NCHW },
      { op: 'Conv', inputs: ['xt', 'w'], output: 'c', attributes: attributesOf(work) },
      { op: 'Transpose', inputs: ['c'], output: 'y', attributes: TO_NHWC },
    ],
    shape: work.y,
  };
}

function transposed(work: ConvWork, operands: Operands, input: 'g' | 'x'): OnnxWork {
  const { x, y, filter, stride, padding } = work;
  const extra = [1, 2].map((axis) => x[axis] - ((y[axis] - 1) * stride - 2 * padding + filter[axis - 1]));
  return {
    constants: new Map([
      ['g', operands.get(input)!],
      ['w', permuteAxes(operands.get('filter')!, RSCK_TO_OIHW) as HostArray],
    ]),
    nodes: [
      { op: 'Transpose', inputs: ['g'], output: 'gt', attributes: TO_NCHW },
      {
        ...{ op: 'ConvTranspose', inputs: ['gt', 'w'], output: 'c' },
        attributes: { ...attributesOf(work), output_padding: extra },
      },
      { op: 'Transpose', inputs: ['c'], output: 'y', attributes: TO_NHWC },
    ],
    shape: x,
  };
}

/** dW as a convolution whose images are channels, whose filter is g and whose dilation is the stride. */
function convolveWeight({ x, y, filter, stride, padding, groups }: ConvWork, operands: Operands): OnnxWork {
  if (groups > 1) throw new Unable('dW of a grouped convolution is no convolution');
  const [r, s, c, k] = filter;
  const after = [0, 1].map((axis) => (y[axis + 1] - 1) * stride + 1 + filter[axis] - 1 - x[axis + 1] - padding);
  // Where the last pixels take no part the result has too many rows, which are cut off.
  const [below, right] = after.map((n) => Math.max(n, 0));
  const attributes = { dilations: [stride, stride], pads: [padding, padding, below, right] };
  return {
    constants: new Map([
      ['x', operands.get('x')!],
      ['g', operands.get('g')!],
    ]),
    integers: new Map([
      ['from', [0, 0]],
      ['to', [r, s]],
      ['axes2', [2, 3]],
    ]),
    nodes: [
      { op: 'Transpose', inputs: ['x'], output: 'xt', attributes: { perm: [3, 0, 1, 2] } },
      { op: 'Transpose', inputs: ['g'], output: 'gt', attributes: { perm: [3, 0, 1, 2] } },
      { op: 'Conv', inputs: ['xt', 'gt'], output: 'c', attributes },
      ...(after.some((n) => n < 0) ? [{ op: 'Slice', inputs: ['c', 'from', 'to', 'axes2'], output: 'cut' }] : []),
      {
        op: 'Transpose',
        inputs: [after.some((n) => n < 0) ? 'cut' : 'c'],
        output: 'y',
        attributes: { perm: [2, 3, 0, 1] },
      },
    ],
    shape: [r, s, c, k],
  };
}

await serve(open);
