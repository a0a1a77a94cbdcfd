import { expect, test } from 'vitest';
import { counted } from '../../src/io/counted.js';

test('one thing is not many, however the number is written', () => {
  expect([0, 1, 2].map((count) => counted(count, 'image'))).toEqual(['0 images', '1 image', '2 images']);
  expect([1, 3].map((count) => counted(count, 'person', 'people'))).toEqual(['1 person', '3 people']);
  expect(counted(2000, 'step', undefined, '2,000')).toBe('2,000 steps');
});
