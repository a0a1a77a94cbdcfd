import { threadEntry } from '../../tensor/grid.js';
import { withMath } from './math.wgsl.js';

export interface ElementwiseOperand {
  readonly name: string;
  readonly type: 'f32' | 'i32' | 'u32';
  /** How it is read: `whole` has the shape of the result; of the others, `walk` advances along the last axis, `stay` repeats. */
  readonly pace: 'whole' | 'walk' | 'stay';
}

export interface ElementwiseCode {
  readonly operands: readonly ElementwiseOperand[];
  readonly output: ElementwiseOperand['type'];
  /** The result as an expression of the operands' names and of `p.<attribute>`. */
  readonly formula: string;
  /** Attributes that the formula reads. */
  readonly attributes: readonly string[];
  /** Axes left after merging. */
  readonly rank: number;
  /** Elements of the last axis that a thread computes; extents and strides of walking operands count them as one. */
  readonly lanes: 1 | 4;
}

/**
 * `out[i] = formula(a[at_a(i)], b[at_b(i)], ...)` for operands that broadcast: `at(i) = sum_d index_d(i) stride_d`, the
 * stride being 0 along axes that an operand repeats.
 */
export default function elementwise({ operands, output, formula, attributes, rank, lanes }: ElementwiseCode): string {
  const outer = Array.from({ length: rank - 1 }, (_, d) => d);
  const strided = operands.filter(({ pace }) => pace !== 'whole');
  const vector = (type: string) => (lanes === 4 ? `vec4<${type}>` : type);
  const members = [
    ...outer.flatMap((d) => [`extent${d + 1}: u32`, ...strided.map(({ name }) => `${name}${d}: u32`)]),
    ...attributes.map((name) => `${name}: f32`),
  ];
  const bindings = operands.map(
    ({ name, type, pace }, k) =>
      `@group(0) @binding(${k}) var<storage, read> ${name}_: array<${pace === 'stay' ? type : vector(type)}>;`,
  );
  // By hand, because a remainder would be a second division.
  const indices = outer
    .toReversed()
    .map(
      (d) =>
        `  let rest${d} = rest${d + 1} / p.extent${d + 1};\n` +
        `  let index${d + 1} = rest${d + 1} - rest${d} * p.extent${d + 1};`,
    );
  const loads = operands.map(({ name, pace }) => {
    const steps = outer.map((d) => `${d === 0 ? 'rest0' : `index${d}`} * p.${name}${d}`);
    if (pace === 'walk') steps.push(`index${rank - 1}`);
    return `  let ${name} = ${name}_[${pace === 'whole' ? 'i' : steps.join(' + ') || '0'}];`;
  });
  const call = (lane: string) =>
    `f(${operands.map(({ name, pace }) => (pace === 'stay' ? name : name + lane)).join(', ')})`;
  const result = lanes === 4 ? `${vector(output)}(${['.x', '.y', '.z', '.w'].map(call).join(', ')})` : call('');
  const code = /* wgsl */ `
${members.length > 0 ? `struct Params { ${members.join(', ')} }` : ''}
${bindings.join('\n')}
@group(0) @binding(${operands.length}) var<storage, read_write> out: array<${vector(output)}>;
${members.length > 0 ? `@group(0) @binding(${operands.length + 1}) var<uniform> p: Params;` : ''}

fn f(${operands.map(({ name, type }) => `${name}: ${type}`).join(', ')}) -> ${output} { return ${formula}; }

${threadEntry('i', 'arrayLength(&out)')}
  let rest${rank - 1} = i;
${[...indices, ...loads].join('\n')}
  out[i] = ${result};
}`;
  return withMath(code);
}
