import { threadEntry } from '../../tensor/grid.js';
import windows, { laneTypes } from './windows.wgsl.js';

/** One thread per window and channels: the sum of its pixels, divided by R S. */
export default function avgPool2d(lanes: 1 | 4): string {
  const { T } = laneTypes(lanes);
  return /* wgsl */ `
${windows}
@group(0) @binding(0) var<storage, read> x: array<${T}>;
@group(0) @binding(1) var<storage, read_write> y: array<${T}>;
@group(0) @binding(2) var<uniform> p: Windows;

${threadEntry('i', 'arrayLength(&y)')}
  let at = place(i, p.P, p.Q);
  let rows = pixelsOf(at.row, p.strideH, p.padH, p.R, p.H);
  let columns = pixelsOf(at.column, p.strideW, p.padW, p.S, p.W);
  var sum = ${T}(0);
  for (var h = rows.begin; h < rows.end; h++) {
    for (var w = columns.begin; w < columns.end; w++) {
      sum += x[((at.n * p.H + h) * p.W + w) * p.C + at.c];
    }
  }
  y[i] = sum / f32(p.R * p.S);
}`;
}
