import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { cpu, webgpu } from 'wgrad';
import { withGpu } from '../../test/adapter.js';
import { EXAMPLES } from '../src/tape/examples.js';
import { BOX, layOut } from '../src/tape/layout.js';
import { firstSweep, say } from '../src/tape/moment.js';
import { traceOf } from '../src/tape/trace.js';
import { compileCode } from '../src/tape/visitorCode.js';
import { describeInBrowser, PATIENCE, press, violations } from './openLab.js';

const trace = (code: string) => {
  const device = cpu();
  return traceOf(compileCode(code, device), device);
};

describe('a trace', () => {
  test('of the product rule: what is recorded, what is saved, what the sweep runs', async () => {
    const { tapes, steps, ops, returned } = await trace(EXAMPLES.product.code);
    expect(tapes.map(({ nodes }) => nodes.map(({ name, keep }) => `${name} ${keep.length}`))).toEqual([
      ['sin 1', 'mul 2', 'sum 0'],
    ]);
    expect(tapes[0].watched.map(({ name }) => name)).toEqual(['a', 'b']);
    const sweep = steps.filter(({ pulls }) => pulls).map((step) => step.ops.map((i) => ops[i].name));
    expect(sweep).toEqual([['broadcastTo'], ['mul', 'mul'], ['cos', 'mul']]);
    const a = [1, 2, 3];
    const b = [4, 5, 6];
    const value = a.reduce((sum, x, i) => sum + x * Math.sin(b[i]), 0);
    const list = (values: number[]) => `[3] ${values.map((v) => Number(v.toPrecision(5))).join(', ')}`;
    expect(returned).toEqual([
      { path: '0', text: `[] ${Number(value.toPrecision(5))}` },
      { path: '1.a', text: list(b.map(Math.sin)) },
      { path: '1.b', text: list(a.map((x, i) => x * Math.cos(b[i]))) },
    ]);
  });

  test('of a second derivative has two tapes, and the outer one records the sweep of the inner one', async () => {
    const made = await trace(EXAMPLES.hvp.code);
    expect(made.tapes).toHaveLength(2);
    const inner = made.steps.filter(({ pulls }) => pulls?.tape === 1);
    expect(inner.flatMap(({ records }) => records).every(({ tape }) => tape === 0)).toBe(true);
    expect(inner.flatMap(({ records }) => records).length).toBeGreaterThan(3);
    expect(say(made, firstSweep(made) + 1)).toMatch(/^Backwards: tape 2 pulls the gradient through sum/);
  });

  test.each(Object.keys(EXAMPLES))(
    'of the example "%s" is laid out without boxes that overlap or edges that go up',
    async (name) => {
      const made = await trace(EXAMPLES[name].code);
      made.tapes.forEach((_, tape) => {
        const { vertices, edges, width, height } = layOut(made, tape);
        for (const [i, a] of vertices.entries()) {
          expect(a.x - BOX.width / 2).toBeGreaterThanOrEqual(0);
          expect(a.x + BOX.width / 2).toBeLessThanOrEqual(width);
          expect(a.y + BOX.height / 2).toBeLessThanOrEqual(height);
          for (const b of vertices.slice(i + 1)) {
            expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true);
          }
        }
        for (const { points } of edges)
          for (let i = 1; i < points.length; i++) expect(points[i][1]).toBeGreaterThan(points[i - 1][1]);
        expect(edges.length).toBeGreaterThanOrEqual(made.tapes[tape].nodes.length);
      });
    },
  );

  test.each([
    ['return undefinedName', /undefinedName is not defined/],
    ['const x = ;', /Unexpected token/],
    ["import { add } from 'wgrad';", /import is not needed/],
    ['return grad((x) => x)(device.tensor([1, 2]))', /must return one float32 number/],
    ['let x = device.tensor([1]); for (;;) x = add(x, 1);', /more than 300 ops/],
    ['return fetch("/")', /fetch is not a function/],
    ['return Promise.resolve(1)', /returned a promise/],
  ])('of code that is wrong, %s, is refused in a line', async (code, message) => {
    await expect(async () => trace(code)).rejects.toThrow(message);
  });

  test.skipIf(!withGpu)(
    'names the kernels of each op, and gives none to an op that other work came before',
    async () => {
      const device = await webgpu({ quiet: true });
      const { ops } = await traceOf(compileCode(EXAMPLES.matmul.code, device), device);
      const firstWords = ops.map(({ name, kernels }) => [name, ...kernels.map((kernel) => kernel.split(' ')[0])]);
      // A linear is the matmul of its operands; every other op here is one kernel of its own name.
      expect(firstWords).toEqual(ops.map(({ name }) => [name, name === 'linear' ? 'matmul' : name]));
      expect(firstWords.slice(0, 3).map(([name]) => name)).toEqual(['linear', 'tanh', 'linear']);
      device.destroy();
    },
  );

  test('of code that returns no tensor shows what it is', async () => {
    expect((await trace('return 7')).returned).toEqual([{ path: '', text: '7' }]);
    expect((await trace('')).returned).toEqual([{ path: '', text: 'undefined' }]);
    expect((await trace('return { f: () => 1 }')).tapes).toEqual([]);
  });
});

describeInBrowser('the room Tape', ({ visit }) => {
  const write = (page: Page, code: string) => page.locator('#code').fill(code);
  const state = (page: Page, done: boolean) => page.waitForSelector(`.results[data-done="${done}"]`);

  test('shows what the library traces in Node, is stepped forwards and back, and survives a reload', async () => {
    const expected = await trace(EXAMPLES.product.code);
    await visit('#/tape', async (page) => {
      await state(page, true);
      const boxes = await page.locator('.tape-graph .name').allTextContents();
      expect(boxes.sort()).toEqual(['a', 'b', 'mul', 'sin', 'sum']);
      const returned = await page.locator('.returned dd').allTextContents();
      // To five digits float32 and float64 agree, up to a unit in the last.
      const numbers = (texts: readonly string[]) =>
        texts.flatMap((text) =>
          text
            .replace(/^\[.*?\] /, '')
            .split(', ')
            .map(Number),
        );
      const wanted = numbers(expected.returned.map(({ text }) => text));
      for (const [i, value] of numbers(returned).entries()) expect(Math.abs(value - wanted[i])).toBeLessThan(2e-4);
      const sweep = firstSweep(expected);
      expect(await page.locator('output[for=step]').textContent()).toBe(`${sweep} of ${expected.steps.length}`);
      expect(await page.locator('.saved.held').count()).toBe(3);
      await press(page, 'Forward');
      await press(page, 'Forward');
      expect(await page.locator('.moment').textContent()).toBe(say(expected, sweep + 2));
      expect(await page.locator('.saved.held').count()).toBe(1);
      await press(page, 'Back');
      expect(await page.locator('.saved.held').count()).toBe(3);
      await page.reload();
      await state(page, true);
      expect(await page.locator('output[for=step]').textContent()).toBe(`${sweep + 1} of ${expected.steps.length}`);
      await page.locator('details summary').click();
      expect(await page.locator('.nodes tbody tr').count()).toBe(3);
      expect(await violations(page)).toEqual([]);
    });
  });

  test('a second derivative is a second tape', async () => {
    await visit('#/tape?example=hvp', async (page) => {
      await state(page, true);
      expect(await page.locator('.tape-part h2').allTextContents()).toEqual(['Tape 1: 11 nodes', 'Tape 2: 4 nodes']);
      expect(await violations(page)).toEqual([]);
    });
  });

  test('what happens now is in sight on a phone, whose width the tape does not have', async () => {
    await visit('#/tape?device=reference&example=matmul&step=2', async (page) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await page.reload();
      await state(page, true);
      const gap = () =>
        page.evaluate(`(() => {
          const [box, region] = ['.box.current', '.scroll.graph'].map((one) => document.querySelector(one).getBoundingClientRect());
          return Math.min(region.right - box.right, box.left - region.left);
        })()`);
      await expect.poll(gap, { timeout: PATIENCE }).toBeGreaterThan(0);
      for (let i = 0; i < 3; i++) await press(page, 'Forward');
      expect(await gap()).toBeGreaterThan(0);
    });
  });

  test('code that throws, and code that never ends, is said in a line, and the room goes on', async () => {
    await visit('#/tape?device=reference', async (page) => {
      await state(page, true);
      await write(page, 'return mul(device.tensor([1, 2]), device.tensor([1, 2, 3]));');
      await page.locator('#code').press('Control+Enter');
      await state(page, false);
      expect(await page.locator('.status').textContent()).toMatch(/^mul: .*\[2\].*\[3\]/);
      expect(await violations(page)).toEqual([]);
      await write(page, 'for (;;);');
      await press(page, 'Run');
      await page.waitForSelector('.status:has-text("did not end within 10 seconds")');
      await write(page, 'return add(device.tensor([1, 2]), 1);');
      await press(page, 'Run');
      await state(page, true);
      expect(await page.locator('.returned dd').allTextContents()).toEqual(['[2] 2, 3']);
      expect(await page.locator('.trace').textContent()).toContain('No tape was opened');
      await page.reload();
      await state(page, true);
      expect(await page.locator('.returned dd').allTextContents()).toEqual(['[2] 2, 3']);
    });
  });

  test('code from an address runs only when it is asked to', async () => {
    await visit(`#/tape?device=reference&code=${encodeURIComponent('return device.tensor([7]);')}`, async (page) => {
      expect(await page.locator('.status').textContent()).toMatch(/Read it, then press Run/);
      await press(page, 'Run');
      await state(page, true);
      expect(await page.locator('.returned dd').allTextContents()).toEqual(['[1] 7']);
    });
  });
});
