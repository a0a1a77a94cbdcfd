import { ShapeError } from '../errors.js';

/** The names of all options of a type: the compiler asks for those that are missing here, and refuses others. */
export type Names<T> = { readonly [K in keyof T]-?: true };

/**
 * @internal Refuses a name that a function does not know, because what is misspelt would be ignored in silence.
 *
 * @param what such as `option`
 * @throws ShapeError that lists the names there are
 */
export function checkNames(by: string, what: string, known: object, given: object): void {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue;
    const names = Object.keys(known).join(', ');
    throw new ShapeError(`${by}: no ${what} is named '${name}'; ${names ? `there are ${names}` : 'there are none'}`);
  }
}
