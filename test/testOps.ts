import { defineOp, type Op, type OpDefinition } from '../src/autograd/op.js';
import type { Launch, Program } from '../src/tensor/backend.js';
import type { Tensor } from '../src/tensor/tensor.js';

/** Ops of the tests' own, so that the engine is judged without the kernels. Small shapes: one row of workgroups. */

export function elementwise(label: string, operands: readonly string[], expression: string): Program {
  const reads = operands.map((name, i) => `@group(0) @binding(${i}) var<storage, read> ${name}: array<f32>;`);
  return {
    label,
    code: /* wgsl */ `
${reads.join('\n')}
@group(0) @binding(${operands.length}) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i < arrayLength(&y)) { y[i] = ${expression}; }
}`,
  };
}

export function launch(code: Program, read: readonly Tensor[], y: Tensor, params?: readonly number[]): Launch[] {
  return [{ program: code, read, write: [y], params, grid: [Math.ceil(y.size / 64), 1, 1] }];
}

/** `y = a b` of one shape; its gradients take their places. */
export const product: Op<[a: Tensor, b: Tensor], object> = defineOp({
  name: 'product',
  attrs: {},
  shape: ([a]) => a,
  reference([a, b], [y]) {
    for (let i = 0; i < y.data.length; i++) y.data[i] = a.data[i] * b.data[i];
  },
  launches: ([a, b], [y]) => launch(elementwise('product', ['a', 'b'], 'a[i] * b[i]'), [a, b], y),
  vjp: (g, { inputs: [a, b], places }) => [
    () => product.apply([g, b], {}, [places[0]]),
    () => product.apply([g, a], {}, [places[1]]),
  ],
});

/** `y = sum x`, a scalar. */
export const total: Op<[x: Tensor], object> = defineOp({
  name: 'total',
  attrs: {},
  shape: () => ({ shape: [], dtype: 'float32' }),
  reference([x], [y]) {
    y.data[0] = 0;
    for (let i = 0; i < x.data.length; i++) y.data[0] += x.data[i];
  },
  launches: ([x], [y]) =>
    launch(
      {
        label: 'total',
        code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn main() {
  var sum = 0.0;
  for (var i = 0u; i < arrayLength(&x); i++) { sum += x[i]; }
  y[0] = sum;
}`,
      },
      [x],
      y,
    ),
  vjp: (g, { inputs: [x] }) => [() => fill(g, { shape: x.shape })],
  keep: { inputs: [] },
});

/** A scalar repeated. */
export const fill: Op<[x: Tensor], { shape: readonly number[] }> = defineOp({
  name: 'fill',
  attrs: { shape: [] },
  shape: (_, { shape }) => ({ shape, dtype: 'float32' }),
  reference([x], [y]) {
    y.data.fill(x.data[0]);
  },
  launches: ([x], [y]) => launch(elementwise('fill', ['x'], 'x[0]'), [x], y),
  vjp: (g) => [() => total(g)],
  keep: { inputs: [] },
});

/** `y = factor x`, the factor in a uniform. */
export const times: Op<[x: Tensor], { factor: number }> = defineOp({
  name: 'times',
  attrs: { factor: 1 },
  shape: ([x]) => x,
  reference([x], [y], { factor }) {
    for (let i = 0; i < y.data.length; i++) y.data[i] = factor * x.data[i];
  },
  launches: ([x], [y], { factor }) => {
    const code = {
      label: 'times',
      code: /* wgsl */ `
struct Params { factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&y)) { y[id.x] = params.factor * x[id.x]; }
}`,
    };
    return launch(code, [x], y, [new Uint32Array(new Float32Array([factor]).buffer)[0]]);
  },
  vjp: (g, { attrs: { factor } }) => [() => times(g, { factor })],
  keep: { inputs: [] },
});

type Vjp = NonNullable<OpDefinition<object, Tensor>['vjp']>;

/** `y = x^3` with the given VJP and kernel, by default right ones: the place to plant a fault. */
export function cube({
  vjp = (g, { inputs: [x] }) => [() => times(product(g, product(x, x)), { factor: 3 })],
  keep,
  label = 'cube',
  expression = 'x[i] * x[i] * x[i]',
}: {
  vjp?: Vjp;
  keep?: OpDefinition<object, Tensor>['keep'];
  label?: string;
  expression?: string;
} = {}): Op<[x: Tensor], object> {
  return defineOp({
    name: 'cube',
    attrs: {},
    shape: ([x]) => x,
    reference([x], [y]) {
      for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[i] ** 3;
    },
    launches: ([x], [y]) => launch(elementwise(label, ['x'], expression), [x], y),
    vjp,
    keep,
  });
}

/** `w <- w - rate g` in place. */
export const descend: Op<[w: Tensor, g: Tensor], { rate: number }> = defineOp({
  name: 'descend',
  attrs: { rate: 0.01 },
  shape: ([w]) => w,
  reference([w, g], [y], { rate }) {
    for (let i = 0; i < y.data.length; i++) y.data[i] = w.data[i] - rate * g.data[i];
  },
  launches: ([, g], [y], { rate }) => launch(elementwise(`descend ${rate}`, ['g'], `y[i] - ${rate} * g[i]`), [g], y),
  vjp: null,
  donates: [0],
});

/** An op with the shape of its operand and these launches. */
export function kernel(name: string, launches: (x: Tensor, y: Tensor) => Launch[]): Op<[x: Tensor], object> {
  return defineOp({
    name,
    attrs: {},
    shape: ([x]) => x,
    reference: () => undefined,
    launches: ([x], [y]) => launches(x, y),
    vjp: null,
  });
}
