import { fileStem } from '../fileName.js';

/** The number in a file's name: 785 for `000000000785.jpg`. */
export function numberOf(path: string): number | undefined {
  const stem = fileStem(path);
  const id = /^\d+$/.test(stem) ? Number(stem) : Number.NaN;
  return Number.isSafeInteger(id) ? id : undefined;
}

/** Ids of pictures that have none: the numbers that their names are or, unless all are different numbers, their places from 1. */
export function pictureIds(files: readonly string[]): number[] {
  const numbers = files.map(numberOf);
  const areIds = numbers.every((id) => id !== undefined) && new Set(numbers).size === numbers.length;
  return files.map((_, i) => (areIds ? (numbers[i] as number) : i + 1));
}
