import { threadEntry } from '../../tensor/grid.js';
import { arenaThread } from './arenaThread.wgsl.js';
import { withMath } from './math.wgsl.js';
import parameterAverage from './parameterAverage.wgsl.js';

/** Every thread takes `fours` vec4s of a block; with `averaged` it moves the running average of the parameters as well. */
export default function adamStep({ averaged, fours }: { readonly averaged: boolean; readonly fours: number }): string {
  const { bindings, move } = parameterAverage(averaged, 6);
  const { block, each } = arenaThread(fours);
  return withMath(/* wgsl */ `
struct Params { rest1: f32, rest2: f32, log1: f32, log2: f32, eps: f32, decoupled: u32, emaRest: f32, emaWarmUp: f32 }
@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> status: array<f32>;
@group(0) @binding(2) var<storage, read> rules: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> params: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> v: array<vec4f>;
${bindings}

${threadEntry('thread')}
  let block = ${block};
  if (block >= arrayLength(&rules) || status[4] == 0) { return; }
  let rule = rules[block];
  if (rule.x == 0) { return; }
  let lr = status[5] * rule.x;
  // 1 - beta^t, which for beta2 = 0.999 would lose four digits as written.
  let rate = lr / -expm1(status[0] * p.log1);
  let unbias2 = 1 / -expm1(status[0] * p.log2);
  ${each(/* wgsl */ `let old = params[i];
    let decay = rule.y * old;
    let g = gradients[i] * status[3] + select(decay, vec4f(0), p.decoupled == 1);
    let oldM = m[i];
    let oldV = v[i];
    let m1 = oldM + p.rest1 * (g - oldM);
    let v1 = oldV + p.rest2 * (g * g - oldV);
    m[i] = m1;
    v[i] = v1;
    let update = rate * (m1 / (sqrt(v1 * unbias2) + p.eps));
    let next = old - (lr * select(vec4f(0), decay, p.decoupled == 1) + update);
    params[i] = next;
    ${move}`)}
}`);
}
