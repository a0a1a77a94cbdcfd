import { cpu, defineOp, device, f32bits, mul, programs } from 'wgrad';
import { checkKernel, gradcheck } from 'wgrad/testing';

// Bindings: what a launch reads, then what it writes, then its params.
const bumpProgram = programs(
  'bump',
  () => /* wgsl */ `
struct Params { count: u32, width: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.count) { return; }
  let t = x[id.x] / params.width;
  y[id.x] = exp(-t * t);
}`,
);

/** `y = exp(-(x / width)^2)`, of up to 16 million elements. */
const bump = defineOp({
  name: 'bump',
  arity: 1,
  attrs: { width: 1 }, // with their defaults
  shape: ([x]) => ({ shape: x.shape, dtype: 'float32' }),
  // What the kernel is judged by, and what runs on the CPU.
  reference: ([x], [y], { width }) => {
    for (let i = 0; i < y.data.length; i++) y.data[i] = Math.exp(-((x.data[i] / width) ** 2));
  },
  launches: ([x], [y], { width }) => {
    const params = [x.size, f32bits(width)];
    return [{ program: bumpProgram(), read: [x], write: [y], params, grid: [Math.ceil(x.size / 256), 1, 1] }];
  },
  // dy/dx = -2 x y / width^2, written with ops, so that it has derivatives itself.
  keep: { inputs: [0], outputs: [0] },
  vjp: (g, { inputs: [x], outputs: [y], attrs: { width } }) => [() => mul(g, mul(mul(x, -2 / width ** 2), y))],
});

const x = [0.1, -0.4, 1.2, 2, -0.9, 0.3];
const { checks } = await gradcheck((t) => bump(t, { width: 0.7 }), [cpu().tensor(x)], { order: 2 });
console.log(`${checks} derivatives of first and second order agree with differences`);

const gpu = await device();
const operand = { shape: [6], data: new Float32Array(x) };
const { elements } = await checkKernel(bump, [operand], { width: 0.7 }, gpu);
console.log(`${elements} elements of the kernel agree with the reference, on ${gpu.description}`);
