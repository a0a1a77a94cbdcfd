import { threadEntry } from '../../tensor/grid.js';
import { arenaThread } from './arenaThread.wgsl.js';
import parameterAverage from './parameterAverage.wgsl.js';

/** Every thread takes `fours` vec4s of a block; with `averaged` it moves the running average of the parameters as well. */
export default function sgdStep({ averaged, fours }: { readonly averaged: boolean; readonly fours: number }): string {
  const { bindings, move } = parameterAverage(averaged, 5);
  const { block, each } = arenaThread(fours);
  return /* wgsl */ `
struct Params { momentum: f32, fresh: f32, nesterov: u32, emaRest: f32, emaWarmUp: f32 }
@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read> status: array<f32>;
@group(0) @binding(2) var<storage, read> rules: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> params: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> velocity: array<vec4f>;
${bindings}

${threadEntry('thread')}
  let block = ${block};
  if (block >= arrayLength(&rules) || status[4] == 0) { return; }
  let rule = rules[block];
  if (rule.x == 0) { return; }
  ${each(/* wgsl */ `let old = params[i];
    let g = gradients[i] * status[3] + rule.y * old;
    let u = p.momentum * velocity[i] + select(p.fresh, 1.0, status[0] == 1) * g;
    velocity[i] = u;
    let next = old - status[5] * rule.x * select(u, g + p.momentum * u, p.nesterov == 1);
    params[i] = next;
    ${move}`)}
}`;
}
