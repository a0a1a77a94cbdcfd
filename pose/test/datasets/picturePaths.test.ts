import { describe, expect, test } from 'vitest';
import { DataError, Rng } from 'wgrad';
import { PicturePaths } from '../../src/datasets/picturePaths.js';

const match = (known: string[], asked: string[]) => new PicturePaths(known).matches(asked, 'set.json');

describe('paths of pictures', () => {
  test.each<[string, string[], string[], (number | undefined)[]]>([
    ['folders tell frames of videos apart', ['a/1.png', 'b/1.png'], ['/data/b/1.png', './a/1.png'], [1, 0]],
    ['backslashes', ['images\\7\\x.jpg'], ['x/7/x.jpg'], [0]],
    ['a base name alone, where it is the only one', ['deep/in/x.jpg', 'y.jpg'], ['x.jpg', 'other/y.jpg'], [0, 1]],
    ['of two that could be it, the one that agrees better', ['a/1.png'], ['b/1.png', 'a/1.png'], [undefined, 0]],
    ['the same path twice is the same picture', ['a/1.png'], ['x/a/1.png', 'x/a/1.png'], [0, 0]],
    ['names without an extension', ['frame_jpg.rf.5d6'], ['frame_jpg.rf.5d6.jpg'], [0]],
    ['an extension on one side only never beats the whole name', ['1.png', '1.jpg'], ['1.jpg', '1.png'], [1, 0]],
    ['accents, composed or not', ['e\u0301te.jpg'], ['\u00e9te.jpg'], [0]],
    ['nothing', ['a.jpg'], ['b.jpg', 'A.jpg'], [undefined, undefined]],
  ])('%s', (_, known, asked, expected) => {
    expect(match(known, asked)).toEqual(expected);
  });

  test('what could be two is refused, with both', () => {
    expect(() => match(['a/1.png', 'b/1.png'], ['1.png'])).toThrow(DataError);
    expect(() => match(['a/1.png', 'b/1.png'], ['1.png'])).toThrow(/1.png: set.json has a\/1.png and b\/1.png/);
    expect(() => match(['1.png'], ['a/1.png', 'b/1.png'])).toThrow(/a\/1.png and b\/1.png could both be 1.png/);
  });

  /** The number of last names that two paths share, counted one by one. */
  function shared(a: string, b: string): number {
    const [x, y] = [a, b].map((path) => path.split('/').reverse());
    const differ = x.findIndex((name, i) => name !== y[i]);
    return differ < 0 ? x.length : differ;
  }

  test('a thousand random trees: each picture is found under a part of its path that only it has', () => {
    const rng = new Rng(5);
    const pick = (names: readonly string[]) => names[Math.floor(rng.uniform() * names.length)];
    for (let round = 0; round < 1000; round++) {
      const known = [
        ...new Set(
          Array.from({ length: 8 }, () => `${pick(['r', 's'])}/${pick(['a', 'b', 'c'])}/${pick(['1', '2'])}.png`),
        ),
      ];
      const asked = known.map((path) => (rng.uniform() < 0.5 ? path : `/home/${path}`));
      expect(match(known, asked)).toEqual(known.map((_, i) => i));
      // A tail of a path is found if and only if no other picture has it.
      const whole = pick(known);
      const tail = whole
        .split('/')
        .slice(Math.floor(rng.uniform() * 3))
        .join('/');
      const count = tail.split('/').length;
      const owners = known.filter((path) => shared(path, tail) === count);
      if (owners.length === 1) expect(match(known, [tail])).toEqual([known.indexOf(owners[0])]);
      else expect(() => match(known, [tail])).toThrow(DataError);
    }
  });
});
