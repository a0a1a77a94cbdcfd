/** One thread per four floats of the arena. */
export default function sgdStep(): string {
  return /* wgsl */ `
struct Params { lr: f32, momentum: f32, fresh: f32, nesterov: u32 }
@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> status: array<f32>;
@group(0) @binding(2) var<storage, read> rules: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> params: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256u + id.x;
  if (i >= arrayLength(&params) || status[4] == 0) { return; }
  let rule = rules[i / 16];
  if (rule.x == 0) { return; }
  let g = gradients[i] * status[3] + rule.y * params[i];
  let next = p.momentum * velocity[i] + select(p.fresh, 1.0, status[0] == 1) * g;
  velocity[i] = next;
  params[i] -= p.lr * rule.x * select(next, g + p.momentum * next, p.nesterov == 1);
}`;
}
