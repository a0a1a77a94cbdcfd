import { threadEntry } from '../../tensor/grid.js';

/** How a thread of the strided kernels moves its element or its four. */
export type StridedLanes = 'scalar' | 'vector' | 'four';

/**
 * Moves 32-bit words between a row-major array and a strided one; words, so that NaNs keep their bits and every dtype fits.
 *
 * `read`: `y[k] = x[at(k)]`; `write`: `y[at(k)] = x[k]`; `at(k) = offset + sum_d index_d(k) stride_d`, where strides
 * may be 0 (repeat) and negative (two's complement wraps). `vector` moves 4 neighbours on both sides and counts extents,
 * strides and offset in fours; `four` reads 4 words of any last stride and stores them as one vector.
 */
export default function strided(move: 'read' | 'write', rank: number, lanes: StridedLanes): string {
  const axes = Array.from({ length: rank }, (_, d) => d);
  const type = (side: 'x' | 'y') => (lanes === 'vector' || (lanes === 'four' && side === 'y') ? 'vec4u' : 'u32');
  const counted = move === 'read' ? 'y' : 'x';
  const stride = `p.stride${rank - 1}`;
  const moved = {
    read:
      lanes === 'four'
        ? `y[k] = vec4u(x[at], x[at + ${stride}], x[at + 2 * ${stride}], x[at + 3 * ${stride}]);`
        : 'y[k] = x[at];',
    write: 'y[at] = x[k];',
  };
  return /* wgsl */ `
struct Params { offset: u32, ${axes.map((d) => `extent${d}: u32, stride${d}: u32`).join(', ')} }
@group(0) @binding(0) var<storage, read> x: array<${type('x')}>;
@group(0) @binding(1) var<storage, read_write> y: array<${type('y')}>;
@group(0) @binding(2) var<uniform> p: Params;

${threadEntry('k', `arrayLength(&${counted})`)}
  var rest = k;
  var at = p.offset;
${axes
  .slice(1)
  .reverse()
  .map((d) => {
    const index = lanes === 'four' && d === rank - 1 ? `4 * (rest % p.extent${d})` : `rest % p.extent${d}`;
    return `  at += (${index}) * p.stride${d};\n  rest /= p.extent${d};`;
  })
  .join('\n')}
  at += ${lanes === 'four' && rank === 1 ? '4 * rest' : 'rest'} * p.stride0;
  ${moved[move]}
}`;
}
