import { threadEntry } from '../../tensor/grid.js';
import { COMPONENTS } from './vec4.wgsl.js';
import windows, { laneTypes } from './windows.wgsl.js';

/** One thread per window and channels: the value at the pixel that pooling chose. */
export default function maxPool2dGather(lanes: 1 | 4): string {
  const { T, U } = laneTypes(lanes);
  const at = (pixel: string) => `x[(image + ${pixel}) * p.C + at.c]`;
  const each = COMPONENTS.map((lane) => `${at(`chosen.${lane}`)}.${lane}`);
  return /* wgsl */ `
${windows}
@group(0) @binding(0) var<storage, read> x: array<${T}>;
@group(0) @binding(1) var<storage, read> index: array<${U}>;
@group(0) @binding(2) var<storage, read_write> y: array<${T}>;
@group(0) @binding(3) var<uniform> p: Windows;

${threadEntry('i', 'arrayLength(&y)')}
  let at = place(i, p.P, p.Q);
  let image = at.n * p.H * p.W;
  let chosen = index[i];
  y[i] = ${lanes === 4 ? `vec4f(${each.join(', ')})` : at('chosen')};
}`;
}
