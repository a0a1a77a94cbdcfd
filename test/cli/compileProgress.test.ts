import { expect, test } from 'vitest';
import { compileProgress } from '../../src/cli/compileProgress.js';

/** Lines with their times, for kernels that are ready at some times in milliseconds. */
function linesFor(times: readonly number[]): string[] {
  const lines: string[] = [];
  let time = 0;
  const listener = compileProgress(
    (text) => lines.push(`${time}: ${text}`),
    () => time,
  );
  times.forEach((at, i) => {
    time = at;
    listener('kernel', i + 1);
  });
  return lines;
}

test('compileProgress is silent for a second, then speaks once a second, and knows a pause', () => {
  expect(linesFor([0, 300, 600, 900])).toEqual([]);
  expect(linesFor([0, 600, 1200, 1800, 2300, 2900])).toEqual([
    '1200: compiling kernels for this device: 3 so far',
    '2300: compiling kernels for this device: 5 so far',
  ]);
  expect(linesFor([0, 100, 60_000, 60_100])).toEqual([]);
});
