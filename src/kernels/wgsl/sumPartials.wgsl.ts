import { elementType } from './tile.wgsl.js';

/** Second stage of a split sum: `y[i] = sum_s partial[s, i]`, always in the order of `s`. */
export default function sumPartials({ vec }: { readonly vec: boolean }): string {
  const type = elementType(vec);
  return /* wgsl */ `
struct Params { splits: u32 }
@group(0) @binding(0) var<storage, read> partial: array<${type}>;
@group(0) @binding(1) var<storage, read_write> y: array<${type}>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let size = arrayLength(&y);
  let i = id.y * groups.x * 256u + id.x;
  if (i >= size) { return; }
  var sum = partial[i];
  for (var s = 1u; s < p.splits; s++) { sum += partial[s * size + i]; }
  y[i] = sum;
}`;
}
