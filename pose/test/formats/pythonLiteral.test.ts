import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { pythonLiteral } from '../../src/formats/pythonLiteral.js';

const of = (value: string) => pythonLiteral(`x = ${value}\n`, 'x', 'a.py');

test.each<[string, unknown]>([
  ['dict(a=1, b=[1., -2e-3, .5], c=(1, "two",),)', { a: 1, b: [1, -0.002, 0.5], c: [1, 'two'] }],
  ["{0: 'a', 'b': None, 2: True, 3: False}", { 0: 'a', b: null, 2: true, 3: false }],
  ['[1.] * 3 + 2 * [0]', [1, 1, 1, 0, 0]],
  ['1 + 2 * 3 - 8 / 4', 5],
  ['(7)', 7],
  ['()', []],
  ["'a' \"b\" '''c\nd'''", 'abc\nd'],
  [String.raw`'it\'s \n' r'\n'`, "it's \n\\n"],
  ['[ # one\n 1, # two\n 2\n]', [1, 2]],
  ['1_000', 1000],
  ['dict(__proto__=1)', Object.fromEntries([['__proto__', 1]])],
])('%s', (text, value) => {
  expect(of(text)).toEqual(value);
});

test('finds the assignment among others, and none where there is none', () => {
  const file = "import os\n_base_ = ['a.py']\n# x = 1\nif a:\n    x = 2\nx == 3\nx = dict(a=4)\ny = os.path()\n";
  expect(pythonLiteral(file, 'x', 'a.py')).toEqual({ a: 4 });
  expect(pythonLiteral('xy = 1', 'x', 'a.py')).toBeUndefined();
});

describe('whatever is no literal is refused with its line', () => {
  test.each<[string, RegExp]>([
    ["__import__('os')", /^a.py: line 1: expected a literal, got __import__/],
    ['dict(\na=open("b"))', /line 2: expected a literal, got open/],
    ['[i for i in range(3)]', /expected a literal, got i/],
    ['[1', /expected '\]', got the end/],
    ["'a", /expected ' at the string's end/],
    ['{a: 1}', /expected a literal, got a/],
    ['{[]: 1}', /expected a name or a number as the key/],
    ['dict(a=1, a=2)', /expected each key once, got a/],
    ['[1] * 2000000', /at most 1000000 elements/],
    [`${'['.repeat(100_000)}`, /at most 64 levels/],
    ['1 + [1]', /expected numbers, or lists with \+, around \+/],
    ['[1] * 0.5', /expected numbers, or a list and a whole number/],
    [String.raw`'\x41'`, /expected a common escape in a string, got \\x41/],
    ['', /expected a literal/],
  ])('%.30s', (text, message) => {
    expect(() => of(text)).toThrow(DataError);
    expect(() => of(text)).toThrow(message);
  });
});
