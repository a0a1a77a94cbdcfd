import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LaneProcess } from '../../bench/peers/laneProcess.js';
import { lineSplitter } from '../../bench/peers/protocol.js';
import { familyMeans, formatReport, peersOf, type Report, type RowResult, ratioOf } from '../../bench/peers/report.js';
import { allRows } from '../../bench/peers/rows.js';
import { finishedRows, saveReport } from '../../bench/peers/savedReport.js';
import { interleave, MIN_ROUNDS } from '../../bench/peers/schedule.js';
import { selectRows } from '../../bench/peers/selectRows.js';
import { geometricMean, quantile, relativeError } from '../../bench/peers/statistics.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

describe('statistics', () => {
  test('quantiles are those of numpy.quantile', () => {
    const values = [7, 1, 5, 2];
    expect([0, 0.25, 0.5, 0.75, 1].map((p) => quantile(values, p))).toEqual([1, 1.75, 3.5, 5.5, 7]);
  });

  test('the geometric mean of a ratio and its reciprocal is 1', () => {
    expect(geometricMean([4, 0.25])).toBeCloseTo(1, 12);
    expect(geometricMean([2, 8])).toBeCloseTo(4, 12);
  });

  test.each([
    ['a prefix is compared', [3, 4, 99], [3, 4], 0],
    ['the norm is that of what is expected', [3, 9], [3, 4], 1],
    ['nothing expected, all is error', [0.5], [0], 0.5],
    ['NaN is no agreement', [Number.NaN], [1], Number.POSITIVE_INFINITY],
    ['too few values are none', [1], [1, 2], Number.POSITIVE_INFINITY],
  ])('relative error: %s', (_, a, b, expected) => {
    expect(relativeError(a, b)).toBe(expected);
  });
});

describe('schedule', () => {
  /** A contestant on a clock of its own making: a call takes `ms`, the first one ten times that. */
  function contestant(name: string, ms: number, log: string[], failsAt = Number.POSITIVE_INFINITY) {
    let calls = 0;
    return {
      name,
      async time(repeats: number) {
        log.push(name);
        if (++calls === failsAt) return { note: 'fell over' };
        return repeats * (calls === 1 ? 10 * ms : ms);
      },
    };
  }
  const options = { sampleMs: 20, rounds: 4, budgetMs: Number.POSITIVE_INFINITY };

  test('samples alternate, and the first calls are in none of them', async () => {
    const log: string[] = [];
    const times = await interleave([contestant('a', 30, log), contestant('b', 40, log)], options);
    expect(log.slice(-8).join('')).toBe('abababab');
    expect(times.get('a')).toEqual({ median: 30, q1: 30, q3: 30, samples: 4, repeats: 1 });
    expect(times.get('b')).toMatchObject({ median: 40 });
  });

  test('short calls are repeated until they fill a sample', async () => {
    const times = await interleave([contestant('a', 0.5, [])], options);
    expect(times.get('a')).toMatchObject({ median: 0.5, repeats: 40 });
  });

  test('a call that had to wait does not say how many make a sample', async () => {
    const each = [90, 30, 0.5]; // of the first trials, then 0.5 for good
    const time = async (repeats: number) => repeats * (each.shift() ?? 0.5);
    const times = await interleave([{ name: 'a', time }], options);
    expect(times.get('a')).toMatchObject({ median: 0.5, repeats: 40 });
  });

  test('who fails drops out, the others go on', async () => {
    const times = await interleave([contestant('a', 30, [], 4), contestant('b', 40, [])], options);
    expect(times.get('a')).toEqual({ note: 'fell over' });
    expect(times.get('b')).toMatchObject({ samples: 4 });
  });

  test('past the budget no round begins, but some there are', async () => {
    let clock = 0;
    const now = () => (clock += 1000);
    const times = await interleave([contestant('a', 30, [])], { ...options, rounds: 100, budgetMs: 500, now });
    expect(times.get('a')).toMatchObject({ samples: MIN_ROUNDS });
  });
});

describe('rows', () => {
  const rows = allRows();

  test('have names of their own, since a run is resumed by them', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  test('count the published multiplications of ResNet-18 and -50, 1.814e9 and 4.089e9 at 224x224', () => {
    const perPixel = (name: string, pixels: number) => {
      const { flop, work } = rows.find((row) => row.name.startsWith(name))!;
      if (work.kind !== 'step') throw new Error(`${name} is no step`);
      const flow = work.joints * 12 * 2 * (128 + 4096 + 128);
      return (flop / (3 * work.batch) - flow) / pixels / 2;
    };
    // The published counts hold a classifier, of 512 or 2048 by 1000.
    expect(perPixel('step ResNet-18', 64 * 64)).toBeCloseTo((1.814073344e9 - 512_000) / 224 ** 2, 6);
    expect(perPixel('step ResNet-50', 256 * 192)).toBeCloseTo((4.089184256e9 - 2_048_000) / 224 ** 2, 6);
  });

  test('a software adapter is spared the large ones', () => {
    const every = selectRows({ filter: '', shard: '1/1' }, false);
    const small = selectRows({ filter: '', shard: '1/1' }, true);
    expect(every).toHaveLength(rows.length);
    expect(small.map(({ name }) => name)).not.toContain('matmul 4096');
    expect(Math.max(...small.map(({ flop }) => flop))).toBeLessThan(3e10);
  });

  test('shards are disjoint and leave nothing out', () => {
    const shards = ['1/3', '2/3', '3/3'].flatMap((shard) => selectRows({ filter: '', shard }, false));
    expect(shards.map(({ name }) => name).sort()).toEqual(rows.map(({ name }) => name).sort());
  });

  test.each(['0/2', '3/2', '2', 'a/b'])('a shard %s is refused', (shard) => {
    expect(() => selectRows({ filter: '', shard }, true)).toThrow(`--shard ${shard}: expected I/N`);
  });

  test('a filter that nothing contains is refused', () => {
    expect(() => selectRows({ filter: 'lstm', shard: '1/1' }, true)).toThrow('--filter lstm: no row contains it');
  });
});

const times = (median: number) => ({ median, q1: 0.9 * median, q3: 1.1 * median, samples: 9, repeats: 1 });
const row = (name: string, family: RowResult['family'], lanes: RowResult['lanes']): RowResult => ({
  ...{ name, family, flop: 2e6, bytes: 1e6, lanes },
});
const report: Report = {
  ...{ key: 'k', adapter: 'an adapter', node: 'v20', versions: {} },
  lanes: ['wgrad', 'a', 'b', 'torch'].map((name) => ({ name, description: '', forScale: name === 'torch' })),
  ceilings: { gflops: 10, gbs: 2 },
  rows: [
    row('x', 'dW', { wgrad: times(1), a: times(4), b: times(3), torch: times(0.1) }),
    row('y', 'dW', { wgrad: times(2), a: { note: 'no gradients' }, b: times(24), torch: times(1) }),
    row('z', 'flow', { wgrad: times(2), a: times(1), b: { note: 'over the time cap of 9 s' }, torch: times(1) }),
    row('w', 'flow', { wgrad: { note: 'wrong: y is off' }, a: times(1), b: times(1), torch: times(1) }),
  ],
};

describe('report', () => {
  test('a ratio is that of the fastest peer, those for scale left out, and none without ours', () => {
    const peers = peersOf(report);
    expect(peers).toEqual(['a', 'b']);
    expect(report.rows.map((r) => ratioOf(r, peers))).toEqual([3, 12, 0.5, undefined]);
  });

  test('means are geometric, by family', () => {
    const means = familyMeans(report.rows, peersOf(report));
    expect(means).toEqual([
      { family: 'dW', rows: 2, mean: expect.closeTo(6, 12), least: 3 },
      { family: 'flow', rows: 1, mean: expect.closeTo(0.5, 12), least: 0.5 },
    ]);
  });

  test('the table has our share of the larger ceiling, and says why a time is missing', () => {
    const text = formatReport(report);
    // 2e6 operations and 1e6 bytes in 1 ms: 2 of 10 GFLOP/s, 1 of 2 GB/s.
    expect(text).toMatch(/^x +1\.00 \(0\.900-1\.10\) .* 3\.00 +2\.0 +1\.0 +50 %$/m);
    expect(text).toMatch(/^w +- /m);
    expect(text).toContain('- b, z: over the time cap of 9 s');
    expect(text).toContain('- wgrad, w: wrong: y is off');
  });
});

describe('a run that is cut off', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgrad-peers-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('goes on with the rows that it has, unless something has changed', async () => {
    const file = join(folder, 'deep/state.json');
    expect(finishedRows(file, 'k')).toEqual([]);
    await saveReport(file, report);
    expect(finishedRows(file, 'k')).toEqual(report.rows);
    expect(finishedRows(file, 'another key')).toEqual([]);
  });

  describe('by a lane', () => {
    /** A lane in three lines: answers with what it is sent, dies of `close`, sleeps over `open`. */
    const script = `
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { ask, repeats } = JSON.parse(line);
        if (ask === 'time') console.log('noise\\n' + JSON.stringify({ ms: repeats }));
        if (ask === 'close') { console.error('out of memory'); process.exit(3); }
      });`;
    const open = () => {
      const file = join(folder, 'lane.cjs');
      writeFileSync(file, script);
      return new LaneProcess({ name: 'fake', command: process.execPath, args: [file] });
    };

    test('answers are read between lines that are none', async () => {
      const lane = open();
      expect(await lane.ask({ ask: 'time', repeats: 7 }, 10_000)).toEqual({ ms: 7 });
      lane.stop();
    });

    test('a process that dies is an error with its last words, and the next question starts another', async () => {
      const lane = open();
      expect(await lane.ask({ ask: 'close' }, 10_000)).toEqual({ error: 'the process ended (exit 3): out of memory' });
      expect(lane.isOpen).toBe(false);
      expect(await lane.ask({ ask: 'time', repeats: 1 }, 10_000)).toEqual({ ms: 1 });
      lane.stop();
    });

    test('one that does not answer in time is ended', async () => {
      const lane = open();
      expect(await lane.ask({ ask: 'open' }, 1000)).toEqual({ error: 'over the time cap of 1 s' });
      expect(lane.isOpen).toBe(false);
    });

    test('one that does not start is an error', async () => {
      const lane = new LaneProcess({ name: 'fake', command: join(folder, 'nothing'), args: [] });
      expect(await lane.ask({ ask: 'open' }, 10_000)).toEqual({ error: expect.stringContaining('ENOENT') });
    });
  });
});

test('lines are put together from pieces', () => {
  const lines: string[] = [];
  const split = lineSplitter((line) => lines.push(line));
  for (const piece of ['{"a"', ':1}\n{"b":2}\n', '{', '"c":3}', '\n']) split(piece);
  expect(lines).toEqual(['{"a":1}', '{"b":2}', '{"c":3}']);
});

test("the peers' lock names no registry and exact versions", () => {
  const text = readFileSync(join(root, 'bench/peers/package-lock.json'), 'utf8');
  expect(text).not.toMatch(/"resolved"/);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'bench/peers/package.json'), 'utf8'));
  for (const [name, version] of Object.entries(dependencies)) {
    expect(JSON.parse(text).packages[`node_modules/${name}`].version).toBe(version);
  }
});
