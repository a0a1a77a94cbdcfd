import { describe, expect, test } from 'vitest';
import { fitPower } from '../../bench/fit.js';

const XS = [2, 3, 5, 8, 13];

describe('fitPower', () => {
  test('finds the curve that the points lie on', () => {
    const ys = XS.map((x) => 7 + 0.25 * x ** 2);
    const fit = fitPower(XS, ys, 2);
    expect(fit.fixed).toBeCloseTo(7, 10);
    expect(fit.rate).toBeCloseTo(0.25, 10);
    expect(fit.r2).toBeCloseTo(1, 12);
  });

  test('the slope of a pure power is its exponent', () => {
    const ys = XS.map((x) => 3 * x ** 1.5);
    expect(fitPower(XS, ys, 1).slope).toBeCloseTo(1.5, 12);
  });

  test('counts relative errors: it is at the minimum of their squares', () => {
    const ys = [9, 11, 12, 30, 41];
    const { fixed, rate, r2 } = fitPower(XS, ys, 1);
    const error = (a: number, b: number) => ys.reduce((sum, y, i) => sum + (1 - (a + b * XS[i]) / y) ** 2, 0);
    for (const [a, b] of [
      [1e-3, 0],
      [-1e-3, 0],
      [0, 1e-3],
      [0, -1e-3],
    ]) {
      expect(error(fixed + a, rate + b)).toBeGreaterThan(error(fixed, rate));
    }
    expect(r2).toBeGreaterThan(0.8);
    expect(r2).toBeLessThan(1);
  });

  test('a negative fixed part becomes 0, and the rate the best through the origin', () => {
    const ys = XS.map((x) => 2 * x - 1);
    const { fixed, rate } = fitPower(XS, ys, 1);
    expect(fixed).toBe(0);
    const best = XS.reduce((s, x, i) => s + x / ys[i], 0) / XS.reduce((s, x, i) => s + (x / ys[i]) ** 2, 0);
    expect(rate).toBeCloseTo(best, 12);
  });
});
