import { threadEntry } from '../../tensor/grid.js';
import { bindingAfter, type Epilogue, laneEpilogueWgsl } from './epilogue.wgsl.js';
import { elementType } from './tile.wgsl.js';

/** Second stage of a split sum: `y[i] = finish(sum_s partial[s, i])`, always in the order of `s`. */
export default function sumPartials(lanes: 1 | 4, epilogue: Epilogue): string {
  const type = elementType(lanes === 4);
  const y = bindingAfter(epilogue, 1);
  return /* wgsl */ `
struct Params { splits: u32, columns: u32, eps: f32 }
@group(0) @binding(0) var<storage, read> partial: array<${type}>;
@group(0) @binding(${y}) var<storage, read_write> y: array<${type}>;
@group(0) @binding(${y + 1}) var<uniform> p: Params;
${laneEpilogueWgsl(epilogue, 1, lanes)}

${threadEntry('i', 'arrayLength(&y)')}
  let size = arrayLength(&y);
  var sum = partial[i];
  for (var s = 1u; s < p.splits; s++) { sum += partial[s * size + i]; }
  y[i] = finish(sum, columnOf(${lanes}u * i % p.columns, ${lanes}u), ${lanes}u * i, ${lanes}u);
}`;
}
