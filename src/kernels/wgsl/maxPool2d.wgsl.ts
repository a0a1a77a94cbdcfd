import { threadEntry } from '../../tensor/grid.js';
import windows, { laneTypes } from './windows.wgsl.js';

/**
 * One thread per window and channels finds the largest value and its pixel: the first of equal ones, and a NaN before any
 * number. It finds NaN by its bits, because a compiler may assume that there is none.
 */
export default function maxPool2d(lanes: 1 | 4): string {
  const { T, U, B } = laneTypes(lanes);
  return /* wgsl */ `
${windows}
@group(0) @binding(0) var<storage, read> x: array<${T}>;
@group(0) @binding(1) var<storage, read_write> y: array<${T}>;
@group(0) @binding(2) var<storage, read_write> index: array<${U}>;
@group(0) @binding(3) var<uniform> p: Windows;

fn isNan(v: ${T}) -> ${B} { return (bitcast<${U}>(v) & ${U}(0x7fffffffu)) > ${U}(0x7f800000u); }

${threadEntry('i', 'arrayLength(&y)')}
  let at = place(i, p.P, p.Q);
  let rows = pixelsOf(at.row, p.strideH, p.padH, p.R, p.H);
  let columns = pixelsOf(at.column, p.strideW, p.padW, p.S, p.W);
  let image = at.n * p.H * p.W;
  var arg = ${U}(rows.begin * p.W + columns.begin);
  var best = x[(image + rows.begin * p.W + columns.begin) * p.C + at.c];
  for (var h = rows.begin; h < rows.end; h++) {
    for (var w = columns.begin; w < columns.end; w++) {
      let pixel = h * p.W + w;
      let v = x[(image + pixel) * p.C + at.c];
      let wins = ((v > best) | isNan(v)) & !isNan(best);
      best = select(best, v, wins);
      arg = select(arg, ${U}(pixel), wins);
    }
  }
  y[i] = best;
  index[i] = arg;
}`;
}
