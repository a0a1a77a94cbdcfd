import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DataError, DeviceError } from '../src/errors.js';
import { cpu } from '../src/tensor/cpu.js';
import { type BenchRow, benchEntries, benchOp } from '../src/testing/bench.js';
import { type BenchReport, formatBenchReport, parseBenchReport } from '../src/testing/benchReport.js';
import { measureCeilings } from '../src/testing/ceilings.js';
import { sharedGpu, withGpu } from './adapter.js';

const row: BenchRow = {
  ...{ op: 'add', name: '[8]', checked: 'this shape', min: 1, p50: 2, p99: 3, samples: 9, repeats: 4 },
  ...{ gflops: 0, gbs: 5, ofFma: 0, ofCopy: 0.5 },
};
const report: BenchReport = {
  ...{ device: 'some adapter', runtime: 'Node v20', clock: 'timestamps', ceilings: { gflops: 10, gbs: 10 } },
  ...{ rows: [row], failures: ['failed: add'] },
};

describe('a file of measurements', () => {
  test('is read as it was written', () => {
    expect(parseBenchReport(formatBenchReport(report), 'a.json')).toEqual(report);
  });

  test('is what the repository has of llvmpipe', () => {
    const path = 'bench/results/llvmpipe-ops.json';
    const read = parseBenchReport(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'), path);
    expect(read.device).toMatch(/llvmpipe/);
    expect(read.rows.length).toBeGreaterThan(100);
  });

  test.each([
    ['', 'not JSON (the file is empty)'],
    ['{', 'not JSON'],
    ['[]', 'no JSON object'],
    [{ ...report, device: 3 }, '"device" is no text'],
    [{ ...report, clock: 'sun' }, '"clock" is neither'],
    [{ ...report, ceilings: { gflops: 10, gbs: -1 } }, '"ceilings" has no positive'],
    [{ ...report, rows: {} }, '"rows" is no list'],
    [{ ...report, rows: [row, { ...row, p50: null }] }, '"rows" has at 1 no measurement'],
    [{ ...report, rows: [{ ...row, p50: 0 }] }, '"rows" has at 0'],
    [{ ...report, rows: [{ ...row, gbs: 'fast' }] }, '"rows" has at 0'],
    [{ ...report, failures: [1] }, '"failures" is no list of texts'],
  ])('of another kind is told in a line (%#)', (content, message) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const read = () => parseBenchReport(text, 'a.json');
    expect(read).toThrow(DataError);
    expect(read).toThrow(`a.json: ${message}`);
    expect(read).toThrow(/^[^\n]*$/);
  });
});

describe('benchEntries', () => {
  test('has a name for every case, and no two alike', () => {
    const names = benchEntries().map(({ cases, bench }) => `${cases.op.def.name}, ${bench.name}`);
    expect(new Set(names).size).toBe(names.length);
    expect(benchEntries('matmul 256').map(({ bench }) => bench.name)).toEqual(['256 cubed']);
    expect(benchEntries('no such op')).toEqual([]);
  });
});

test('the CPU reference has no ceilings', async () => {
  await expect(measureCeilings(cpu())).rejects.toThrow(DeviceError);
});

const inPlace = benchEntries().filter(({ cases }) => cases.op.def.donates);

describe.runIf(withGpu)('benchOp', () => {
  test('times a checked op, and its rates follow from the median', async () => {
    const device = await sharedGpu();
    const [entry] = benchEntries('sum bias gradient, 64x512');
    const found = await benchOp(entry, device, { gflops: 100, gbs: 10 }, 20);
    expect(found).toMatchObject({ op: 'sum', name: 'bias gradient, 64x512 to 512', checked: 'this shape' });
    expect(found.min).toBeGreaterThan(0);
    expect(found.p50).toBeGreaterThanOrEqual(found.min);
    expect(found.p99).toBeGreaterThanOrEqual(found.p50);
    expect(found.samples).toBeGreaterThanOrEqual(9);
    expect(found.gbs).toBeCloseTo(entry.bench.bytes / found.p50 / 1e6);
    expect(found.ofCopy).toBeCloseTo(found.gbs / 10);
    expect(parseBenchReport(formatBenchReport({ ...report, rows: [found] }), 'a').rows).toEqual([found]);
  });

  test.each(inPlace.map((entry) => [entry.cases.op.def.name, entry] as const))(
    '%s works in place: each call takes what the last one has returned',
    async (_, { cases, bench }) => {
      const small = { ...bench, ...cases.samples[0] };
      const found = await benchOp({ cases, bench: small }, await sharedGpu(), { gflops: 100, gbs: 10 }, 1);
      expect(found.samples).toBeGreaterThanOrEqual(9);
    },
  );
});
