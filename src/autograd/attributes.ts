import { ShapeError } from '../errors.js';
import { checkOption, kindsOf } from '../tensor/options.js';
import { Tensor } from '../tensor/tensor.js';
import { isRecord, nameValue } from '../tensor/tree.js';

/** How many operands an op takes, or the least and the most of them. */
export type Arity = number | readonly [least: number, most: number];

/**
 * @internal Throws unless a call passes as many operands as the op takes. A number too many was meant as an attribute, and
 * what stands in the place of the attributes without being a record was meant as an operand, if one is missing.
 */
export function checkArity(
  { name, arity, attrs }: { readonly name: string; readonly arity?: Arity; readonly attrs: object },
  operands: readonly unknown[],
  given?: unknown,
): void {
  if (arity === undefined) return;
  const [least, most] = typeof arity === 'number' ? [arity, arity] : arity;
  const count = operands.length;
  if (count >= least && count <= most) return;
  const extra = operands[most];
  if (count > most && !(extra instanceof Tensor)) throw notAttributes(name, attrs, extra);
  if (count < least && given !== undefined && !isRecord(given)) throw notAnOperand(name, count, given);
  const wanted = least === most ? `${least}` : `${least} to ${most}`;
  throw new ShapeError(`${name}: wants ${wanted} operand${most === 1 ? '' : 's'}, got ${count}`);
}

/**
 * @internal The attributes of a call, with the defaults of those that are left out or undefined. Anything but a record is
 * refused, and so is a name that the op does not have: both would be ignored in silence. A value of another kind than its
 * default would fail far from here, or become NaN.
 *
 * @param defaults one object for all calls, so that their kinds are found once
 */
export function attributesOf<A extends object>(name: string, defaults: A, given: Partial<A> = {}): A {
  if (!isRecord(given)) throw notAttributes(name, defaults, given);
  const kinds = kindsOf(defaults);
  const attrs = { ...defaults };
  for (const key of Object.keys(given) as (keyof A & string)[]) {
    const value = given[key];
    checkOption(name, 'attribute', kinds, key, value);
    if (value !== undefined) attrs[key] = value;
  }
  return attrs;
}

/** @internal The error for what is neither a tensor nor a number. */
export function notAnOperand(name: string, i: number, got: unknown): ShapeError {
  return new ShapeError(
    `${name}: operand ${i} is ${nameValue(got)}, expected a tensor or a number; device.tensor(...) makes a tensor of numbers`,
  );
}

/** Attributes are given by name, so that `sum(x, 0)` cannot be read in two ways. */
function notAttributes(name: string, defaults: object, got: unknown): ShapeError {
  const isPlain = typeof got !== 'object' || Array.isArray(got) || got === null;
  const text = () => (typeof got === 'bigint' ? `${got}n` : (JSON.stringify(got) ?? String(got)));
  const shown = isPlain ? text() : `a ${got.constructor?.name}`;
  const [first] = Object.keys(defaults);
  const remedy = first
    ? `write ${name}(..., { ${first}: ${isPlain ? shown : '...'} })`
    : 'there are none, leave it out';
  return new ShapeError(`${name}: attributes are given by name in a record, got ${shown}; ${remedy}`);
}
