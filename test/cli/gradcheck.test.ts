import { describe, expect, test } from 'vitest';
import type { OpCases } from '../../src/autograd/cases.js';
import { format, judge } from '../../src/cli/gradcheck.js';
import { kernelsOf } from '../../src/cli/wgsl.js';
import { DataError } from '../../src/errors.js';
import { formatTable } from '../../src/testing/formatTable.js';
import { casesOf } from '../../src/testing/registry.js';
import { sharedGpu, withGpu } from '../adapter.js';
import { cube, times } from '../testOps.js';

const samples = [{ inputs: [{ shape: [3, 5] }] }, { inputs: [{ shape: [2] }], order: 1 as const }];
const right: OpCases = { op: cube(), samples, errors: [], bench: [] };
const wrong: OpCases = { ...right, op: cube({ vjp: (g) => [() => times(g, { factor: 2 })] }) };

describe('wgrad gradcheck', () => {
  test('a right op passes', async () => {
    const verdict = await judge(right, undefined, 3);
    expect(verdict).toMatchObject({ op: 'cube', samples: 2, kernel: null, failures: [] });
    expect(verdict.order1).toBeLessThan(1);
    expect(verdict.order2).toBeLessThan(1);
    expect(format([verdict], 'none')).toMatch(/cube +2 .* ok\n1 op, 0 failures$/);
  });

  test('a wrong op fails with the sample, both values and the seed', async () => {
    const verdict = await judge(wrong, undefined, 3);
    expect(verdict.failures).toHaveLength(3);
    expect(verdict.failures[0]).toMatch(/^cube\(\[3, 5\]\): gradcheck: order 1, .* analytic .* numeric .*; seed 3$/);
    expect(format([verdict], 'none')).toMatch(/FAILED\nfailed: cube/);
  });

  test('an unknown op is refused with those of a like name', () => {
    expect(() => casesOf(['conv'])).toThrow(DataError);
    expect(() => casesOf(['conv'])).toThrow(
      /no op is named 'conv'; near are conv2d, conv2dInput, conv2dNorm, conv2dWeight/,
    );
    expect(() => casesOf(['xyz'])).toThrow(/there are abs, /);
    expect(() => casesOf(['conv1d'])).toThrow(
      "'conv1d' is composed of other ops, which have the kernels and gradients; name those: near are conv2d, conv2dInput",
    );
    for (const [typed, meant] of [
      ['matmull', 'matmul'],
      ['cov2d', 'conv2d'],
      ['RELU6', 'relu'],
      ['sofmax', 'softmax'],
    ]) {
      expect(() => casesOf([typed])).toThrow(new RegExp(`no op is named '${typed}'; near are (.*, )?${meant}(,|$)`));
    }
    expect(() => casesOf(['lstm'])).toThrow(/no op is named 'lstm'; there are abs, .*, matmul, /);
    expect(casesOf(['accumulate']).map(({ op }) => op.def.name)).toEqual(['accumulate']);
  });

  test('a table aligns words left and numbers right', () => {
    expect(
      formatTable(
        ['op', 'n'],
        [
          ['ab', '1'],
          ['abc', '100'],
        ],
      ),
    ).toBe('op     n\nab     1\nabc  100');
  });
});

describe.runIf(withGpu)('wgrad wgsl', () => {
  test('prints each program once, under the calls that launch it', async () => {
    const text = kernelsOf(right, samples, await sharedGpu());
    expect(text.match(/@compute/g)).toHaveLength(1);
    expect(text).toMatch(
      /^\/\/ cube\n\/\/ {3}\(\[3, 5\]\): 1 x 1 x 1 workgroups\n\/\/ {3}\(\[2\]\): 1 x 1 x 1 workgroups\n@group/,
    );
  });

  test('a view has no kernel', async () => {
    const [reshape] = casesOf(['reshape']);
    expect(kernelsOf(reshape, reshape.samples, await sharedGpu())).toMatch(/^\/\/ no kernel/);
  });
});
