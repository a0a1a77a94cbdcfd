import { DataError } from '../errors.js';
import { counted } from './counted.js';
import { excerpt } from './excerpt.js';

/**
 * One object of a JSON file together with its place, so that whatever is wrong with a field is said in one line:
 * `gt.json: annotations[3].area: expected a number >= 0, got "big"`.
 */
export class JsonEntry {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #file: string;
  readonly #place: string;

  /** @param place where in the file the value stands; '' is the root. @throws DataError if it is no JSON object */
  constructor(value: unknown, file: string, place = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new DataError(`${file}: ${place && `${place}: `}expected an object {...}, got ${excerpt(value)}`);
    }
    this.#fields = value as Readonly<Record<string, unknown>>;
    this.#file = file;
    this.#place = place;
  }

  /** Is the field there, with a value other than null? */
  has(field: string): boolean {
    return this.#fields[field] !== undefined && this.#fields[field] !== null;
  }

  /** A finite number, at least `min`. @throws DataError */
  number(field: string, min = -Infinity): number {
    const value = this.#fields[field];
    if (typeof value !== 'number' || !Number.isFinite(value) || value < min) {
      throw this.error(field, `expected a ${min === -Infinity ? 'finite number' : `number >= ${min}`}`);
    }
    return value;
  }

  /** A whole number that a double holds exactly. @throws DataError */
  integer(field: string): number {
    const value = this.#fields[field];
    if (!Number.isSafeInteger(value)) throw this.error(field, 'expected a whole number');
    return value as number;
  }

  /** A string that is not empty. @throws DataError */
  text(field: string): string {
    const value = this.#fields[field];
    if (typeof value !== 'string' || value === '') throw this.error(field, 'expected a text');
    return value;
  }

  /** What identifies something: a whole number, also written as a text, or another text that is not empty. @throws DataError */
  id(field: string): number | string {
    const value = this.#fields[field];
    // Some programs write numbers as texts in one list and as numbers in another.
    if (typeof value === 'string' && value !== '') return isWholeNumber(value) ? Number(value) : value;
    if (Number.isSafeInteger(value)) return value as number;
    throw this.error(field, 'expected a whole number below 2^53 or a text');
  }

  /** Yes or no: true or false, 1 or 0. @throws DataError */
  flag(field: string): boolean {
    const value = this.#fields[field];
    if (typeof value === 'boolean' || value === 0 || value === 1) return Boolean(value);
    throw this.error(field, 'expected true or false, 1 or 0');
  }

  /** A list of `length` finite numbers. @throws DataError */
  numbers(field: string, length: number): readonly number[] {
    const value = this.#fields[field];
    if (!Array.isArray(value) || value.length !== length) {
      throw this.error(field, `expected a list of ${counted(length, 'number')}`);
    }
    const bad = value.findIndex((item) => !Number.isFinite(item));
    if (bad >= 0) throw this.error(`${field}[${bad}]`, 'expected a finite number', value[bad]);
    return value;
  }

  /** A list of anything. @throws DataError */
  list(field: string): readonly unknown[] {
    const value = this.#fields[field];
    if (!Array.isArray(value)) throw this.error(field, 'expected a list [...]');
    return value;
  }

  /** An object. @throws DataError */
  entry(field: string): JsonEntry {
    return new JsonEntry(this.#fields[field], this.#file, this.#at(field));
  }

  /** The objects of a list, each with its place. @throws DataError */
  entries(field: string): JsonEntry[] {
    return this.list(field).map((value, i) => new JsonEntry(value, this.#file, this.#at(`${field}[${i}]`)));
  }

  /** The error for a field that holds something else than expected. */
  error(field: string, expected: string, got = this.#fields[field]): DataError {
    return new DataError(`${this.#file}: ${this.#at(field)}: ${expected}, got ${excerpt(got)}`);
  }

  #at(field: string): string {
    return this.#place ? `${this.#place}.${field}` : field;
  }
}

/** Is this text how a whole number is written, without leading zeros? */
function isWholeNumber(text: string): boolean {
  return Number.isSafeInteger(Number(text)) && String(Number(text)) === text;
}
