import { describe, expect, test } from 'vitest';
import { comparisonTable } from '../../src/cli/comparisonTable.js';
import { confidenceCorrelation } from '../../src/metrics/confidenceCorrelation.js';
import { contrastsOf, orderOf, paperOrder } from '../../src/node/compare/contrasts.js';
import { parseRows, parseSeeds, ROW_NAMES, type RowName } from '../../src/node/compare/rows.js';
import { pooledStd, spreadOf } from '../../src/node/compare/spread.js';
import { sampleComparison } from './sampleComparison.js';

describe('spreadOf, pooledStd', () => {
  test('follow their formulas', () => {
    expect(spreadOf([1, 2, 6])).toEqual({ values: [1, 2, 6], mean: 3, std: Math.sqrt((4 + 1 + 9) / 2) });
    // Sums of squares 14 and 2 over 2 + 1 degrees of freedom.
    expect(pooledStd(spreadOf([1, 2, 6]), spreadOf([4, 6]))).toBeCloseTo(Math.sqrt(16 / 3), 12);
  });

  test('one value has no deviation, and adds none', () => {
    expect(spreadOf([4])).toEqual({ values: [4], mean: 4, std: null });
    expect(spreadOf([]).mean).toBeNaN();
    expect(pooledStd(spreadOf([4]), spreadOf([5]))).toBeNull();
    expect(pooledStd(spreadOf([1, 3]), spreadOf([5]))).toBeCloseTo(Math.SQRT2, 12);
  });
});

describe('contrastsOf', () => {
  const metric = new Map<RowName, ReturnType<typeof spreadOf>>([
    ['l1', spreadOf([0.3, 0.32])],
    ['laplace', spreadOf([0.35, 0.37])],
    ['rle', spreadOf([0.36, 0.38])],
    ['rle-logs', spreadOf([0.39])],
    ['dle', spreadOf([])],
  ]);

  test('calls a difference clear beyond twice the pooled standard deviation', () => {
    const found = contrastsOf(metric).map(({ row, against, clear, paperAp }) => [row, against, clear, paperAp]);
    // Each pair of seeds has the deviation 0.0141, so what is clear is above 0.0283.
    expect(found).toEqual([
      ['laplace', 'l1', true, 9.3],
      ['rle', 'laplace', false, 3.1],
      ['rle', 'l1', true, 12.4],
      ['rle-logs', 'rle', false, undefined],
    ]);
    const [first] = contrastsOf(metric);
    expect(first.difference).toBeCloseTo(0.05, 12);
    expect(first.pooledStd).toBeCloseTo(0.01 * Math.SQRT2, 12);
  });

  test('claims nothing of single seeds', () => {
    const single = new Map<RowName, ReturnType<typeof spreadOf>>([
      ['l1', spreadOf([0.1])],
      ['rle', spreadOf([0.9])],
    ]);
    expect(contrastsOf(single)).toMatchObject([{ pooledStd: null, clear: null }]);
  });

  test('orders rows by what was found, and as the paper has them', () => {
    expect(orderOf(metric)).toEqual(['rle-logs', 'rle', 'laplace', 'l1']);
    expect(paperOrder(['rle-logs', 'l1', 'laplace', 'rle'])).toEqual(['rle', 'laplace', 'l1']);
  });
});

describe('parseRows, parseSeeds', () => {
  test('give all rows, or those asked for in their own order', () => {
    expect(parseRows(undefined)).toEqual(ROW_NAMES);
    expect(parseRows('rle, l1')).toEqual(['l1', 'rle']);
  });

  test('count seeds, or list them', () => {
    expect(parseSeeds(undefined)).toEqual([1, 2, 3]);
    expect(parseSeeds('2')).toEqual([1, 2]);
    expect(parseSeeds('7,4')).toEqual([7, 4]);
  });

  test.each(['', 'ridge', 'l1,toString'])('refuse the rows "%s"', (text) => {
    expect(() => parseRows(text)).toThrow(/^--rows .*: expected some of l2, l1, gaussian, /);
  });

  test.each(['0', '1.5', '101', '-1', '', 'a', '1,,2'])('refuse the seeds "%s"', (text) => {
    expect(() => parseSeeds(text)).toThrow(/^--seeds .*: expected how many, from 1 to 100, or a list/);
  });

  test('refuse repetitions', () => {
    expect(() => parseRows('l1,rle,l1')).toThrow('--rows: l1 is there twice');
    expect(() => parseSeeds('2,2')).toThrow('--seeds: 2 is there twice');
  });
});

test('confidenceCorrelation: joints without a label do not count, people have the mean of all their joints', () => {
  // Errors 0.1, 0.2, 0.4 at uncertainties 0.1, 0.2, 0.4: perfect. The joint without a label would spoil it.
  const confidence = [0.9, 0.8, 0.6, 0.2];
  const { joints, people } = confidenceCorrelation(confidence, [0.1, 0.2, 0.4, Number.NaN], [0.9, 0.3]);
  expect(joints.pearson).toBeCloseTo(1, 12);
  expect(joints.spearman).toBeCloseTo(1, 12);
  // Means 0.85 and 0.4: surer of the better one.
  expect(people.pearson).toBeCloseTo(1, 12);
  expect(confidenceCorrelation(confidence, [0.1, 0.2, 0.4, 0.1], [0.3, 0.9]).people.spearman).toBeCloseTo(-1, 12);
});

test('comparisonTable: means and deviations in %, what is missing as a dash, what diverged below', () => {
  const lines = comparisonTable(sampleComparison()).split('\n');
  const cells = lines.map((line) => line.split(/ {2,}/));
  expect(cells[1]).toEqual([
    ...['l1', '3/3', '2,802,108', '-', '39.1', '12.9', '3.41'],
    ...['15.0 ± 0.5', '37.0 ± 1.0', '73.0 ± 0.5', '12.1 ± 0.1', '-', '-', '-', '-', '-'],
  ]);
  expect(cells[2].slice(0, 5)).toEqual(['rle', '2/3', '2,816,472', '26,500', '39.1']);
  expect(cells[2].slice(-5, -2)).toEqual(['0.64 ± 0.01', '0.70 ± 0.01', '0.50 ± 0.01']);
  expect(cells[2].slice(-2)).toEqual(['3.2 ± 0.0', '32.0 ± 0.4']);
  expect(cells[3].slice(0, 8)).toEqual(['mean pose', '-', '-', '-', '-', '-', '-', '4.8']);
  expect(lines.at(-1)).toBe('rle, seed 3: training diverged');
});
