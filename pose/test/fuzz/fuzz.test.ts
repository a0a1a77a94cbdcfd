import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { fuzz } from '../../fuzz/fuzz.js';
import { mutateJson } from '../../fuzz/mutateJson.js';
import { PARSERS } from '../../fuzz/parsers.js';
import { caseOf, verdictOf } from '../../fuzz/verdict.js';

const bytesOf = (seed: string | Uint8Array) => (typeof seed === 'string' ? new TextEncoder().encode(seed) : seed);

describe.each(PARSERS.map((parser) => [parser.name, parser] as const))('%s', (_, parser) => {
  test('reads what it starts from or refuses it, and so with 150 damaged files', async () => {
    const seeds = await parser.seeds();
    const verdicts: string[] = [];
    for (const seed of seeds) verdicts.push(await verdictOf(parser, bytesOf(seed)));
    expect(verdicts).toContain('read');
    for (let i = 0; i < 150; i++) verdicts.push(await verdictOf(parser, caseOf(seeds, 20, i)));
    expect(verdicts.filter((verdict) => verdict !== 'read' && verdict !== 'refused')).toEqual([]);
    expect(verdicts).toContain('refused');
  });
});

test('a case is the same each time, and other seeds and numbers give others', () => {
  const seeds = ['{"a": [1, 2, {"b": "c"}]}', Buffer.from('abcdefgh')];
  const all = Array.from({ length: 40 }, (_, i) => Buffer.from(caseOf(seeds, 3, i)).toString('latin1'));
  expect(Array.from({ length: 40 }, (_, i) => Buffer.from(caseOf(seeds, 3, i)).toString('latin1'))).toEqual(all);
  expect(new Set(all).size).toBeGreaterThan(30);
  expect(Buffer.from(caseOf(seeds, 4, 7)).toString('latin1')).not.toBe(all[7]);
});

test('JSON is changed into other JSON, deep and huge values among it', () => {
  const texts = Array.from({ length: 300 }, (_, i) =>
    mutateJson('{"a": [1, 2], "b": {"c": "d"}}', new Rng(1).split(i)),
  );
  const isJson = (text: string) => {
    try {
      return JSON.parse(text) !== undefined;
    } catch {
      return false;
    }
  };
  expect(texts.filter(isJson).length).toBeGreaterThan(200);
  for (const part of ['__proto__', '1e999', '['.repeat(50_000), '{"a":'.repeat(1000)]) {
    expect(texts.some((text) => text.includes(part))).toBe(true);
  }
});

describe('a planted fault is found with its case', () => {
  const module = fileURLToPath(new URL('./planted.ts', import.meta.url));
  const run = (parser: string, to: number, patience?: number) =>
    fuzz({ module, parser, seed: 1, from: 0, to, ...(patience !== undefined && { patience }) });

  test('none in a sound parser', async () => {
    expect(await run('sound', 30)).toEqual({ read: 30, refused: 0, failures: [] });
  });

  test('an error that is not its own', async () => {
    const { read, refused, failures } = await run('raw', 30);
    expect(read).toBe(0);
    expect(refused).toBeGreaterThan(0);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures[0].verdict).toMatch(/^threw TypeError: odd\n/);
  });

  test.each([
    ['loud', /^threw DataError/],
    ['endless', /^did not end within 5 s/],
    ['greedy', /^took \d+ MB/],
    ['deadly', /^ended the process \(7\)/],
  ])('%s', async (parser, verdict) => {
    const { failures } = await run(parser, 1, parser === 'endless' ? 5 : undefined);
    expect(failures).toEqual([{ index: 0, verdict: expect.stringMatching(verdict) }]);
  });
});
