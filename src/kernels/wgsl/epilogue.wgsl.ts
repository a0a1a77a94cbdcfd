import { ShapeError } from '../../errors.js';
import { elementType, load4 } from './tile.wgsl.js';

export type Activation = 'none' | 'relu' | 'relu6';

/** What a product does to its sums before it stores them; the operands follow the two factors in this order. */
export interface Epilogue {
  /** `+ bias[n]`. */
  readonly bias: boolean;
  /** Batch norm with given statistics: gamma, beta, mean, variance, each [n]. */
  readonly norm: boolean;
  /** `+ residual`, which is laid out as the result. */
  readonly residual: boolean;
  readonly activation: Activation;
}

export const PLAIN: Epilogue = { bias: false, norm: false, residual: false, activation: 'none' };

const NORM = ['gamma', 'beta', 'mean', 'variance'] as const;

// NaN must pass: comparisons are false for it, `max` may hide it.
const ACTIVATIONS: Readonly<Record<Activation, string>> = {
  none: '',
  relu: 'y = select(y, zero, y <= zero);',
  relu6: 'y = select(select(y, zero, y <= zero), zero + 6.0, y >= zero + 6.0);',
};

/** @internal Refuses an activation that there is not, which would be taken for another. */
export function checkActivation(by: string, activation: Activation): void {
  if (Object.hasOwn(ACTIVATIONS, activation)) return;
  throw new ShapeError(`${by}: activation must be ${Object.keys(ACTIVATIONS).join(', ')}, got '${activation}'`);
}

function operandsOf({ bias, norm, residual }: Epilogue): readonly string[] {
  return [...(bias ? ['bias'] : []), ...(norm ? NORM : []), ...(residual ? ['residual'] : [])];
}

/** The binding after the epilogue's operands, of which the first is `first`. */
export function bindingAfter(epilogue: Epilogue, first: number): number {
  return first + operandsOf(epilogue).length;
}

/**
 * Declares the operands from binding `first` on, and two functions: `columnOf(n, left)`, what the epilogue needs to know
 * of column `n` (and the three after it), and `finish(sum, column, at, left)`, what is stored at element `at` of the
 * result. `left` counts the valid columns where rows are no whole vec4s. `p.eps` is added to the variance.
 */
export function epilogueWgsl(epilogue: Epilogue, first: number, vec: boolean): string {
  return functions(epilogue, first, elementType(vec), 'vec4f', (name, at) => load4(name, at, vec, 'left'));
}

/** The same for kernels that have `lanes` consecutive channels per invocation and no tails. */
export function laneEpilogueWgsl(epilogue: Epilogue, first: number, lanes: 1 | 4): string {
  const type = elementType(lanes === 4);
  return functions(epilogue, first, type, type, (name, at) => `${name}[${at}${lanes === 4 ? ' / 4u' : ''}]`);
}

function functions(
  epilogue: Epilogue,
  first: number,
  element: string,
  type: string,
  load: (buffer: string, at: string) => string,
): string {
  const { bias, norm, residual, activation } = epilogue;
  const bindings = operandsOf(epilogue).map(
    (name, i) => `@group(0) @binding(${first + i}) var<storage, read> ${name}: array<${element}>;`,
  );
  const scale = `${load('gamma', 'n')} * inverseSqrt(${load('variance', 'n')} + p.eps)`;
  return /* wgsl */ `
${bindings.join('\n')}
struct Column { shift: ${type}, mean: ${type}, scale: ${type} }
fn columnOf(n: u32, left: u32) -> Column {
  var column: Column;
  ${bias ? `column.shift = ${load('bias', 'n')};` : ''}
  ${norm ? `column = Column(${load('beta', 'n')}, ${load('mean', 'n')}, ${scale});` : ''}
  return column;
}
fn finish(sum: ${type}, column: Column, at: u32, left: u32) -> ${type} {
  let zero = ${type}(0.0);
  var y = sum;
  ${bias ? 'y += column.shift;' : ''}
  ${norm ? 'y = fma(y - column.mean, column.scale, column.shift);' : ''}
  ${residual ? `y += ${load('residual', 'at')};` : ''}
  ${ACTIVATIONS[activation]}
  return y;
}`;
}
