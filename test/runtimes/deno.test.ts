import { expect, test } from 'vitest';
import { findDeno, WITHOUT_DENO } from '../../scripts/deno.mjs';
import { allCases } from '../../src/testing/registry.js';
import { opsOnDeno } from './opsOnDeno.js';

const deno = findDeno();
if (!deno) process.stderr.write(`test/runtimes/deno: ${WITHOUT_DENO}\n`);

test.runIf(deno)(
  `every op has the reference's values and gradients under Deno${deno ? '' : ' (not checked here)'}`,
  async () => {
    const parts = await opsOnDeno(deno as string, []);
    let samples = 0;
    let ops = 0;
    for (const { status, said } of parts) {
      const [, passed, names, failed] = /(\d+) samples of (\d+) ops passed, (\d+) failed/.exec(said) ?? [];
      expect({ status, failed }, said).toEqual({ status: 0, failed: '0' });
      samples += Number(passed);
      ops += Number(names);
    }
    expect(ops).toBe(allCases.filter(({ samples }) => samples.length > 0).length);
    expect(samples).toBeGreaterThan(500);
  },
);
