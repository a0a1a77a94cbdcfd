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
 * @internal Refuses options that `checkOption` refuses, and what is no record of options.
 *
 * @param what they are called in errors
 */
export function checkOptions(by: string, kinds: Kinds<object>, given: object, what = 'option'): void {
  if (!isRecord(given)) throw new ShapeError(`${by}: the ${what}s are ${nameValue(given)}, expected a record`);
  for (const name of Object.keys(given)) checkOption(by, what, kinds, name, given[name]);
}

/**
 * @internal Refuses a name that a function does not know, because what is misspelt would be ignored in silence, and a value
 * of another kind, which would fail far from here or become NaN. Every call of an op comes here, so that what is allowed
 * must cost next to nothing.
 *
 * @throws ShapeError that lists the names there are, or the kinds
 */
export function checkOption(by: string, what: string, kinds: Kinds<object>, name: string, value: unknown): void {
  if (!Object.hasOwn(kinds, name)) {
    const names = Object.keys(kinds).join(', ');
    throw new ShapeError(`${by}: no ${what} is named '${name}'; ${names ? `there are ${names}` : 'there are none'}`);
  }
  const allowed = (kinds as Kinds<Record<string, unknown>>)[name];
  if (value === undefined) return;
  if (typeof allowed === 'string' ? isOf(allowed, value) : allowed.some((kind) => isOf(kind, value))) return;
  const expected = [allowed].flat().map((kind) => KINDS[kind as Kind][0]);
  throw new ShapeError(`${by}: ${name} is ${nameValue(value)}, expected ${expected.join(' or ')}; pass one`);
}

function isOf(kind: Kind, value: unknown): boolean {
  return KINDS[kind][1](value);
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
