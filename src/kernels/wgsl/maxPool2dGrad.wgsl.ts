import { threadEntry } from '../../tensor/grid.js';
import windows, { laneTypes } from './windows.wgsl.js';

/** One thread per pixel and channels: collects from the windows that it lies in and that chose it, so nothing is added to twice. */
export default function maxPool2dGrad(lanes: 1 | 4): string {
  const { T, U } = laneTypes(lanes);
  return /* wgsl */ `
${windows}
@group(0) @binding(0) var<storage, read> g: array<${T}>;
@group(0) @binding(1) var<storage, read> index: array<${U}>;
@group(0) @binding(2) var<storage, read_write> dx: array<${T}>;
@group(0) @binding(3) var<uniform> p: Windows;

${threadEntry('i', 'arrayLength(&dx)')}
  let at = place(i, p.H, p.W);
  let rows = windowsAt(at.row, p.strideH, p.padH, p.R, p.P);
  let columns = windowsAt(at.column, p.strideW, p.padW, p.S, p.Q);
  let pixel = ${U}(at.row * p.W + at.column);
  var sum = ${T}(0);
  for (var row = rows.begin; row < rows.end; row++) {
    for (var column = columns.begin; column < columns.end; column++) {
      let window = ((at.n * p.P + row) * p.Q + column) * p.C + at.c;
      sum += select(${T}(0), g[window], index[window] == pixel);
    }
  }
  dx[i] = sum;
}`;
}
