import { threadEntry } from '../../tensor/grid.js';
import windows, { laneTypes } from './windows.wgsl.js';

/** One thread per pixel and channels: the sum over the windows that it lies in, divided by R S. */
export default function avgPool2dGrad(lanes: 1 | 4): string {
  const { T } = laneTypes(lanes);
  return /* wgsl */ `
${windows}
@group(0) @binding(0) var<storage, read> g: array<${T}>;
@group(0) @binding(1) var<storage, read_write> dx: array<${T}>;
@group(0) @binding(2) var<uniform> p: Windows;

${threadEntry('i', 'arrayLength(&dx)')}
  let at = place(i, p.H, p.W);
  let rows = windowsAt(at.row, p.strideH, p.padH, p.R, p.P);
  let columns = windowsAt(at.column, p.strideW, p.padW, p.S, p.Q);
  var sum = ${T}(0);
  for (var row = rows.begin; row < rows.end; row++) {
    for (var column = columns.begin; column < columns.end; column++) {
      sum += g[((at.n * p.P + row) * p.Q + column) * p.C + at.c];
    }
  }
  dx[i] = sum / f32(p.R * p.S);
}`;
}
