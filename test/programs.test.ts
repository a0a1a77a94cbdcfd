import { describe, expect, test } from 'vitest';
import { DeviceError } from '../src/errors.js';
import { programs } from '../src/tensor/programs.js';

interface Variant {
  readonly tile: { readonly lanes: number; readonly across?: number };
  readonly vec: boolean;
}

describe('programs', () => {
  test('generates the code of a variant once', () => {
    let made = 0;
    const kernel = programs('k', ({ tile, vec }: Variant) => `${tile.lanes} ${vec} ${++made}`);
    const first = kernel({ tile: { lanes: 8 }, vec: true });
    expect(kernel({ tile: { lanes: 8, across: undefined }, vec: true })).toBe(first);
    expect(kernel({ tile: { lanes: 8 }, vec: false })).toEqual({ label: 'k lanes 8', code: '8 false 2' });
  });

  test('labels say the variant in words, or what a function makes of it', () => {
    const words = programs('k', (_: Variant, ...more: (string | number)[]) => more.join());
    expect(words({ tile: { lanes: 8, across: 1 }, vec: true }, 'relu', 4).label).toBe('k lanes 8 across 1 vec relu 4');
    expect(programs((rank: number) => `k of ${rank}`, String)(3).label).toBe('k of 3');
    expect(programs('k', () => '')().label).toBe('k');
  });

  test('two kernels of one name and variant keep their code', () => {
    const [a, b] = ['a', 'b'].map((code) => programs('k', (lanes: number) => `${code}${lanes}`));
    expect([a(4).code, b(4).code]).toEqual(['a4', 'b4']);
  });

  test('a variant that JSON cannot tell from others is refused', () => {
    const kernel = programs('k', (variant: object) => String(variant));
    expect(() => kernel({ formula: () => 'x' })).toThrow(DeviceError);
    expect(() => kernel({ formula: () => 'x' })).toThrow(/programs: formula is/);
    expect(() => kernel({ bound: Number.POSITIVE_INFINITY })).toThrow(/bound is Infinity/);
    expect(() => kernel({ bound: Number.NaN })).toThrow(/bound is NaN/);
  });
});
