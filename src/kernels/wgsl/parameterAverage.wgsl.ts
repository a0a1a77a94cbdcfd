/**
 * What an optimiser kernel needs to average parameters beside updating them: bindings from `binding` on, the uniforms
 * last, and the statement that moves `ema[i]` towards `next`.
 */
export default function parameterAverage(averaged: boolean, binding: number): { bindings: string; move: string } {
  if (!averaged) return { bindings: `@group(0) @binding(${binding}) var<uniform> p: Params;`, move: '' };
  return {
    bindings: /* wgsl */ `@group(0) @binding(${binding}) var<storage, read_write> ema: array<vec4f>;
@group(0) @binding(${binding + 1}) var<uniform> p: Params;`,
    move: /* wgsl */ `let mean = ema[i];
  ema[i] = mean + max(p.emaRest, p.emaWarmUp / (1 + p.emaWarmUp + status[0])) * (next - mean);`,
  };
}
