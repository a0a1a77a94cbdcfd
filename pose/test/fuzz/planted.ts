import { DataError } from 'wgrad';
import type { Parser } from '../../fuzz/verdict.js';

const held: unknown[] = [];

/** Parsers that are wrong, each in its way. */
export const PARSERS: readonly Parser[] = [
  { name: 'sound', seeds: () => ['{"a": [1, 2]}'], parse: () => 1 },
  {
    name: 'raw',
    seeds: () => ['{"a": [1, 2]}'],
    parse: (bytes) => {
      throw bytes.length % 2 === 0 ? new DataError('even') : new TypeError('odd');
    },
  },
  {
    name: 'loud',
    seeds: () => ['x'],
    parse: () => {
      throw Object.assign(new DataError('a'), { message: '\u001b[2J' });
    },
  },
  {
    name: 'endless',
    seeds: () => ['abc'],
    parse: () => {
      for (;;);
    },
  },
  { name: 'greedy', seeds: () => ['abc'], parse: () => held.push(Buffer.alloc(400 * 2 ** 20, 1)) },
  { name: 'deadly', seeds: () => ['abc'], parse: () => process.exit(7) },
];
