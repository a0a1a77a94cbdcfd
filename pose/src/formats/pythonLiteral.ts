import { DataError } from 'wgrad';

/** What a literal of Python can hold: dicts are objects, tuples are lists, None is null. */
export type PythonValue = null | boolean | number | string | PythonValue[] | { [key: string]: PythonValue };

/** Deeper nesting than any configuration has, and more elements than `[1.] * n` may make. */
const DEEPEST = 64;
const MOST = 1_000_000;

/**
 * The value that a Python file assigns to a name, such as `dataset_info = dict(a=[1.] * 3)`: literals, calls of `dict` and
 * `+ - * /` between them. Nothing is run; whatever else stands on the right of that line is refused.
 * @param file names the file in messages
 * @returns undefined where the file assigns nothing to the name
 * @throws DataError naming the line where the value is no literal
 */
export function pythonLiteral(text: string, name: string, file: string): PythonValue | undefined {
  const found = new RegExp(`^${name}[ \\t]*=(?!=)`, 'm').exec(text);
  return found ? new Parser(text, found.index + found[0].length, file).value() : undefined;
}

/** Spaces, lines, comments and continued lines: nothing to a literal. */
const BLANK = /(?:\s|#[^\n]*|\\\r?\n)+/y;
const NUMBER = /(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const NAME = /[A-Za-z_]\w*/y;
const STRING = /([rRuU]?)("""|'''|"|')/y;
const CONSTANTS = new Map<string, null | boolean>([
  ['None', null],
  ['True', true],
  ['False', false],
]);
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

class Parser {
  readonly #text: string;
  readonly #file: string;
  #at: number;
  #made = 0;

  constructor(text: string, start: number, file: string) {
    this.#text = text;
    this.#at = start;
    this.#file = file;
  }

  value(): PythonValue {
    return this.#sum(0);
  }

  #sum(depth: number): PythonValue {
    let left = this.#product(depth);
    for (let sign = this.#next('+', '-'); sign; sign = this.#next('+', '-')) {
      const right = this.#product(depth);
      if (sign === '+' && Array.isArray(left) && Array.isArray(right)) left = this.#joined(left, right);
      else if (typeof left === 'number' && typeof right === 'number') left = sign === '+' ? left + right : left - right;
      else throw this.#error(`numbers, or lists with +, around ${sign}`);
    }
    return left;
  }

  #product(depth: number): PythonValue {
    let left = this.#atom(depth);
    for (let sign = this.#next('*', '/'); sign; sign = this.#next('*', '/')) {
      const right = this.#atom(depth);
      if (typeof left === 'number' && typeof right === 'number') left = sign === '*' ? left * right : left / right;
      else if (sign === '*' && Array.isArray(left) && isCount(right)) left = this.#repeated(left, right);
      else if (sign === '*' && isCount(left) && Array.isArray(right)) left = this.#repeated(right, left);
      else throw this.#error(`numbers, or a list and a whole number with *, around ${sign}`);
    }
    return left;
  }

  #atom(depth: number): PythonValue {
    if (depth > DEEPEST) throw this.#error(`at most ${DEEPEST} levels of brackets`);
    this.#count(1);
    const sign = this.#next('-', '+');
    if (sign) {
      const value = this.#atom(depth + 1);
      if (typeof value !== 'number') throw this.#error(`a number after ${sign}`);
      return sign === '-' ? -value : value;
    }
    if (this.#next('[')) return this.#list(']', depth);
    if (this.#next('(')) return this.#tuple(depth);
    if (this.#next('{')) return this.#dict('}', ':', depth);
    const number = this.#match(NUMBER)?.[0];
    if (number !== undefined) return Number(number.replaceAll('_', ''));
    const strings = this.#strings();
    if (strings !== undefined) return strings;
    const name = this.#match(NAME)?.[0];
    if (name === 'dict' && this.#next('(')) return this.#dict(')', '=', depth);
    const constant = CONSTANTS.get(name ?? '');
    if (constant === undefined) throw this.#error('a literal', name);
    return constant;
  }

  #list(end: string, depth: number): PythonValue[] {
    const list: PythonValue[] = [];
    while (!this.#next(end)) {
      list.push(this.#sum(depth + 1));
      if (!this.#next(',')) {
        this.#expect(end);
        break;
      }
    }
    return list;
  }

  /** `(a)` is a alone, `(a,)` and `(a, b)` are tuples. */
  #tuple(depth: number): PythonValue {
    if (this.#next(')')) return [];
    const first = this.#sum(depth + 1);
    if (this.#next(')')) return first;
    this.#expect(',');
    return [first, ...this.#list(')', depth)];
  }

  /** `{'a': 1}`, or behind `dict(` `a=1)`. */
  #dict(end: string, sign: ':' | '=', depth: number): PythonValue {
    const entries = new Map<string, PythonValue>();
    while (!this.#next(end)) {
      const key = sign === '=' ? this.#match(NAME)?.[0] : this.#atom(depth + 1);
      if (typeof key !== 'string' && typeof key !== 'number') throw this.#error('a name or a number as the key');
      this.#expect(sign);
      if (entries.has(String(key))) throw this.#error('each key once', String(key));
      entries.set(String(key), this.#sum(depth + 1));
      if (!this.#next(',')) {
        this.#expect(end);
        break;
      }
    }
    return Object.fromEntries(entries);
  }

  /** Strings that stand side by side are one. */
  #strings(): string | undefined {
    let joined: string | undefined;
    for (let open = this.#match(STRING); open; open = this.#match(STRING)) {
      joined = (joined ?? '') + this.#string(open[1].toLowerCase() === 'r', open[2]);
    }
    return joined;
  }

  #string(isRaw: boolean, quote: string): string {
    const parts: string[] = [];
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || (char === '\n' && quote.length === 1))
        throw this.#error(`${quote} at the string's end`);
      if (this.#text.startsWith(quote, this.#at)) {
        this.#at += quote.length;
        return parts.join('');
      }
      if (char === '\\' && !isRaw) {
        const escaped = this.#text[this.#at + 1] ?? '';
        if (!(escaped in ESCAPES)) throw this.#error('a common escape in a string');
        parts.push(ESCAPES[escaped]);
        this.#at += 2;
      } else {
        parts.push(char);
        this.#at++;
      }
    }
  }

  #repeated(list: PythonValue[], times: number): PythonValue[] {
    this.#count(list.length * times);
    return Array.from({ length: list.length * times }, (_, i) => list[i % list.length]);
  }

  #joined(a: PythonValue[], b: PythonValue[]): PythonValue[] {
    this.#count(a.length + b.length);
    return [...a, ...b];
  }

  #count(elements: number): void {
    this.#made += elements;
    if (this.#made > MOST) throw this.#error(`at most ${MOST} elements`);
  }

  #next(...signs: readonly string[]): string | undefined {
    this.#match(BLANK);
    const found = signs.find((sign) => this.#text.startsWith(sign, this.#at));
    if (found) this.#at += found.length;
    return found;
  }

  #expect(sign: string): void {
    if (!this.#next(sign)) throw this.#error(`'${sign}'`);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    if (pattern !== BLANK) this.#match(BLANK);
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #error(expected: string, got = this.#text.slice(this.#at, this.#at + 20).split('\n')[0]): DataError {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    return new DataError(`${this.#file}: line ${line}: expected ${expected}, got ${got || 'the end of the line'}`);
  }
}

const isCount = (value: PythonValue): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
