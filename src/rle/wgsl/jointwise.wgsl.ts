import { withMath } from '../../kernels/wgsl/math.wgsl.js';
import { GROUP } from '../../tensor/grid.js';
import { type Expression, printed } from '../formula/expression.js';

/** What a number belongs to: each coordinate, each joint, the whole batch. */
export type Extent = 'coordinate' | 'joint' | 'batch';

export interface JointwiseCode {
  /** Extents of the operands that are read, by their numbers in the expressions. */
  readonly operands: readonly (readonly [number: number, extent: Extent])[];
  readonly results: readonly { readonly value: Expression; readonly extent: Extent }[];
  readonly scalars: number;
}

/**
 * A thread evaluates the formulas for all coordinates of a joint, and sums those results that belong to the joint. With
 * results of the whole batch there is one workgroup, whose threads take joint after joint and add up their sums at the end,
 * always in the same order.
 */
export function jointwiseWgsl({ operands, results, scalars }: JointwiseCode): string {
  const at: Record<Extent, string> = { coordinate: 'joint * params.dims + d', joint: 'joint', batch: '0' };
  const { statements, results: values } = printed(results.map(({ value }) => value));
  const bindings = [
    ...operands.map(([k]) => ['read', `operand${k}`]),
    ...results.map((_, k) => ['read_write', `result${k}`]),
  ].map(([access, name], n) => `@group(0) @binding(${n}) var<storage, ${access}> ${name}: array<f32>;`);
  const of = (extent: Extent, text: (k: number) => string) =>
    results.flatMap((result, k) => (result.extent === extent ? [text(k)] : [])).join('\n  ');
  const sumsBatch = results.some(({ extent }) => extent === 'batch');
  return withMath(/* wgsl */ `
struct Params {
  joints: u32,
  dims: u32,
  ${Array.from({ length: scalars }, (_, i) => `s${i}: f32,`).join(' ')}
}
${bindings.join('\n')}
@group(0) @binding(${bindings.length}) var<uniform> params: Params;
${of('batch', (k) => `var<workgroup> sums${k}: array<f32, ${GROUP}>;`)}
@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = id.y * groups.x * ${GROUP}u + id.x;
  ${of('batch', (k) => `var total${k} = 0.0;`)}
  for (var joint = first; joint < params.joints; joint += groups.x * groups.y * ${GROUP}u) {
  ${of('joint', (k) => `var sum${k} = 0.0;`)}
  for (var d = 0u; d < params.dims; d++) {
    ${operands.map(([k, extent]) => `let x${k} = operand${k}[${at[extent]}];`).join('\n    ')}
    ${statements}
    ${of('coordinate', (k) => `result${k}[${at.coordinate}] = ${values[k]};`)}
    ${of('joint', (k) => `sum${k} += ${values[k]};`)}
    ${of('batch', (k) => `total${k} += ${values[k]};`)}
  }
  ${of('joint', (k) => `result${k}[joint] = sum${k};`)}
  }
  ${of('batch', (k) => `sums${k}[thread] = total${k};`)}
  ${
    sumsBatch
      ? `workgroupBarrier();
  if (thread > 0u) { return; }
  ${of('batch', (k) => `for (var other = 1u; other < ${GROUP}u; other++) { total${k} += sums${k}[other]; }`)}
  ${of('batch', (k) => `result${k}[0] = total${k};`)}`
      : ''
  }
}`);
}
