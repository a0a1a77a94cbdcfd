import { ShapeError } from '../errors.js';
import { Tensor } from './tensor.js';
import { isRecord, nameValue } from './tree.js';

const KINDS = {
  number: ['a number', (x: unknown) => typeof x === 'number'],
  numbers: ['an array of numbers', isNumbers],
  boolean: ['true or false', (x: unknown) => typeof x === 'boolean'],
  text: ['a string', (x: unknown) => typeof x === 'string'],
  tensor: ['a tensor', (x: unknown) => x instanceof Tensor],
  array: ['an array', Array.isArray],
  record: ['a record', isRecord],
  object: ['an object', (x: unknown) => typeof x === 'object' && x !== null],
  function: ['a function', (x: unknown) => typeof x === 'function'],
  any: ['any value', () => true],
} as const;

/** What the value of an option may be. */
export type Kind = keyof typeof KINDS;

/** The kinds of all options of a type: the compiler asks for those that are missing here, and refuses others. */
export type Kinds<T> = { readonly [K in keyof T]-?: Kind | readonly Kind[] };

/**
 * @internal Refuses a name that a function does not know, because what is misspelt would be ignored in silence, and a value
 * of another kind, which would fail far from here or become NaN.
 *
 * @param what such as `option`
 * @throws ShapeError that lists the names there are, or the kinds
 */
export function checkOptions(by: string, what: string, kinds: Kinds<object>, given: object): void {
  const known = kinds as Kinds<Record<string, unknown>>;
  if (!isRecord(given)) throw new ShapeError(`${by}: the ${what}s are ${nameValue(given)}, expected a record`);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known).join(', ');
      throw new ShapeError(`${by}: no ${what} is named '${name}'; ${names ? `there are ${names}` : 'there are none'}`);
    }
    const allowed = [known[name]].flat() as Kind[];
    if (value === undefined || allowed.some((kind) => KINDS[kind][1](value))) continue;
    const expected = allowed.map((kind) => KINDS[kind][0]).join(' or ');
    throw new ShapeError(`${by}: ${name} is ${nameValue(value)}, expected ${expected}; pass one`);
  }
}

const kindsKnown = new WeakMap<object, Kinds<object>>();

/** @internal The kinds of options, each that of its default; for the same defaults found once. */
export function kindsOf(defaults: object): Kinds<object> {
  const known = kindsKnown.get(defaults);
  if (known) return known;
  const kinds = Object.fromEntries(Object.entries(defaults).map(([name, standard]) => [name, kindOf(standard)]));
  kindsKnown.set(defaults, kinds);
  return kinds;
}

/**
 * The kind of an option is that of its default. A pair, such as a stride of [1, 1], may be one number as well; what
 * has no default is a number or an array of numbers.
 */
function kindOf(standard: unknown): Kind | readonly Kind[] {
  if (standard === undefined) return ['number', 'numbers'];
  if (Array.isArray(standard)) return standard.length === 2 ? ['number', 'numbers'] : 'numbers';
  return (['number', 'boolean', 'text', 'record'] as const).find((kind) => KINDS[kind][1](standard)) ?? 'any';
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every((x) => typeof x === 'number' || isNumbers(x));
}
