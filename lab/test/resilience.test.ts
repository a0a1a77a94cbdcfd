import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { busyDuring, WORK } from './busy.js';
import { describeInBrowser, PATIENCE, press } from './openLab.js';

/**
 * Milliseconds of the processor, and not of the clock, that one task of the page may take. Where others use the machine a task
 * costs more than it does alone, so a room has three attempts: a task that is too long by itself is so in each.
 */
const LONGEST_TASK = 50;
const ATTEMPTS = 3;

/** Code for a worker: keeps the device that it opens. */
const KEEP_DEVICE =
  'const ask = GPUAdapter.prototype.requestDevice; GPUAdapter.prototype.requestDevice = function (...a) ' +
  '{ return ask.apply(this, a).then((d) => (self.kept = d)); }';
/** Code for a worker: counts the buffers that it has, and their bytes. */
const COUNT_BUFFERS = `self.held = { buffers: 0, bytes: 0 };
  const create = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (d) { held.buffers++; held.bytes += d.size; return create.call(this, d); };
  const destroy = GPUBuffer.prototype.destroy; const gone = new WeakSet();
  GPUBuffer.prototype.destroy = function () {
    if (!gone.has(this)) { gone.add(this); held.buffers--; held.bytes -= this.size; }
    return destroy.call(this);
  }`;

/** Code for a worker: notes kernels that are compiled when they are first run, and not ahead. */
const NOTE_LATE = `self.late = [];
  const pipeline = GPUDevice.prototype.createComputePipeline;
  GPUDevice.prototype.createComputePipeline = function (d) { late.push(d.label); return pipeline.call(this, d); }`;

const stepsOf = async (page: Page) => Number(await page.locator('.figures').getAttribute('data-steps'));
const reaches = (page: Page, steps: number) =>
  expect.poll(() => stepsOf(page), { timeout: PATIENCE, interval: 100 }).toBeGreaterThanOrEqual(steps);

describeInBrowser('the lab, when it is disturbed', (lab) => {
  const { visit } = lab;

  test.each(Object.entries(WORK))(
    'the room of %s is reloaded and left in the middle of its work, comes back with its settings, and is never frozen',
    async (_, { hash, done }) => {
      await visit(hash, async (page) => {
        await page.waitForSelector('main h1');
        await page.reload();
        await page.waitForTimeout(400);
        await page.getByRole('link', { name: hash.includes('adapter') ? 'Tape' : 'This adapter' }).click();
        await page.waitForSelector('[data-done="true"]', { state: 'attached' });
        const title = await page.title();
        const tasks: number[] = [];
        while (tasks.length < ATTEMPTS && !(tasks[tasks.length - 1] < LONGEST_TASK)) {
          const { task } = await busyDuring(lab.browser, page, async () => {
            await page.goBack();
            await page.waitForSelector(done, { state: 'attached' });
          });
          tasks.push(task);
          expect(await page.title()).not.toBe(title);
          expect(decodeURIComponent(page.url())).toContain(hash);
          await page.goForward();
          await page.waitForSelector('[data-done="true"]', { state: 'attached' });
          expect(await page.title()).toBe(title);
        }
        expect(Math.min(...tasks)).toBeGreaterThan(0);
        expect(Math.min(...tasks)).toBeLessThan(LONGEST_TASK);
        // The workers of rooms that were left have ended.
        await expect.poll(() => page.workers().length, { timeout: PATIENCE }).toBeLessThanOrEqual(1);
      });
    },
  );

  test.each(['flow', 'rle', 'joints', 'pose', 'gradients', 'kernels'])(
    'the room of %s compiles long kernels ahead, beside the thread that shows the page',
    async (room) => {
      const { hash, done } = WORK[room];
      const use = async (page: Page) => {
        await page.waitForSelector(done, { state: 'attached' });
        if (room === 'kernels') {
          await press(page, 'Tune');
          await page.waitForSelector('.tuned tbody tr');
        }
        const late = (await page.workers()[0].evaluate('late')) as string[];
        const long = /^(matmul|conv2d|flow|couplings|rational|depthwise)|Ceiling$/;
        expect(late.filter((label) => long.test(label))).toEqual([]);
      };
      await visit(hash, use, NOTE_LATE);
    },
  );

  describe('a device that is lost', () => {
    test.each([
      ['pose', '#/pose', '[data-joints]', 'Another figure', '.status:not(.failed)'],
      ['kernels', '#/kernels?ops=matmul, 256&time=20', '.kernel[data-done]', 'Measure', '.summary[data-done]'],
    ])('is said in a line in the room of %s, which starts again', async (_, hash, ready, action, again) => {
      const use = async (page: Page) => {
        await page.waitForSelector(ready, { state: 'attached' });
        await page.workers()[0].evaluate('kept.destroy()');
        await press(page, action);
        await page.waitForSelector('.status.failed button');
        expect(await page.locator('.status').textContent()).toMatch(/the device was (lost|destroyed)/);
        await press(page, 'Start again');
        await page.waitForSelector('.status:not(.failed)');
        await page.waitForSelector(again, { state: 'attached' });
        if (hash.includes('pose')) await page.waitForSelector('.figures:has-text("Off on average")');
      };
      await visit(hash, use, KEEP_DEVICE);
    });
  });

  test('a device that is lost while ops are checked is no failure of an op', async () => {
    const use = async (page: Page) => {
      await page.waitForSelector('.progress ~ .scroll tbody tr', { state: 'attached' });
      await page.waitForTimeout(200);
      for (const worker of page.workers()) await worker.evaluate('self.kept?.destroy()');
      await page.waitForSelector('.status.failed button');
      expect(await page.locator('.status.failed').first().textContent()).toMatch(/the device was (lost|destroyed)/);
      expect(await page.locator('.failures p, tr.failed').count()).toBe(0);
      await page.fill('#ops', 'add');
      await press(page, 'Start again');
      await page.waitForSelector('.summary[data-done]');
    };
    await visit('#/gradients?run=1', use, KEEP_DEVICE);
  });

  test.each(['#/flow?until=0', '#/pose', '#/kernels'])(
    'a file dropped at %s does not take the place of the page',
    async (hash) => {
      await visit(hash, async (page) => {
        await page.waitForSelector('main h1');
        const isKept = await page.evaluate(`['dragover', 'drop'].map((kind) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['no more than words'], 'words.txt'));
        return !document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
      })`);
        expect(isKept).toEqual([true, true]);
        if (hash.includes('until')) return;
        await page.waitForSelector('.status.failed:has-text("words.txt: ")');
      });
    },
  );

  test.each(['#/pose', '#/kernels'])('a folder dropped at %s is said in a line', async (hash) => {
    await visit(hash, async (page) => {
      await page.waitForSelector(hash === '#/pose' ? '[data-joints]' : '.kernel[data-done]', { state: 'attached' });
      await page.evaluate(`(() => {
        const dataTransfer = new DataTransfer();
        for (const name of ['one', 'two']) dataTransfer.items.add(new File([], name));
        File.prototype.arrayBuffer = () => Promise.reject(new DOMException('not found', 'NotFoundError'));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      })()`);
      await page.waitForSelector('.status.failed:has-text("this browser cannot read it; it is a folder")');
    });
  });

  test.each(Object.keys(WORK))('the room of %s says in a line that there is no WebGPU', async (room) => {
    const { hash, done } = WORK[room];
    const without = "Object.defineProperty(navigator, 'gpu', { value: undefined })";
    const use = async (page: Page) => {
      if (room === 'tutorial') await page.locator('.live .transport').scrollIntoViewIfNeeded();
      await page.waitForSelector('.status:has-text("this browser has no WebGPU")', { state: 'attached' });
      // Where the reference is bearable the room works all the same.
      if (['flow', 'rle', 'gradients', 'tape', 'adapter'].includes(room)) {
        await page.waitForSelector(done.replace('60', '4'), { state: 'attached' });
        expect(await page.locator('.status.failed').count()).toBe(0);
      }
    };
    await visit(hash.replace('until=60', 'until=4'), use, without);
  });

  test.each(Object.entries(WORK))(
    'the room of %s lives on when everything in it is clicked at once',
    async (_, work) => {
      await visit(work.hash, async (page) => {
        await page.waitForSelector('main h1');
        await page.waitForTimeout(500);
        // Without a hand, browsers open neither files nor cameras.
        await page.evaluate(`(async () => {
        for (let round = 0; round < 6; round++) {
          for (const one of document.querySelectorAll('main button, main select, main summary')) {
            if (/\u2026$|Camera|Export|Copy|^All$/.test(one.textContent)) continue;
            if (one.matches('select')) {
              one.selectedIndex = (one.selectedIndex + 1) % one.options.length;
              one.dispatchEvent(new Event('change', { bubbles: true }));
            } else one.click();
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
      })()`);
        await page.getByRole('link', { name: 'Gradients' }).click();
        await page.waitForSelector('h1:text("Gradients")');
        await page.goto(`${lab.url}${work.hash}`);
        await page.reload();
        await page.waitForSelector(work.done, { state: 'attached' });
      });
    },
  );

  test('addresses with nonsense in them open a room with settings that it has', async () => {
    for (const hash of [
      '#/nowhere?x=%',
      '#/flow?data=nothing&layers=-3&hidden=1e99&batch=x&seed=NaN&lr=-1&speed=0&until=2&strokes=%E0%A4%A&device=toaster',
      '#/flow?data=letter&letter=%F0%9F%98%80&layers=2&hidden=8&batch=32&until=2',
      '#/rle?noise=drawn&heights=!!!&spread=Infinity&x=9&until=2&batch=16',
    ]) {
      await visit(hash, async (page) => {
        await reaches(page, 1);
        expect(await page.locator('.status.failed').count()).toBe(0);
      });
    }
  });

  test('the keyboard alone skips to the room, changes rooms, and leaves the editor', async () => {
    await visit('#/tape?device=reference', async (page) => {
      await page.waitForSelector('[data-done="true"]');
      const focused = () => page.evaluate('document.activeElement.tagName + "." + document.activeElement.className');
      await page.keyboard.press('Tab');
      expect(await focused()).toBe('A.skip');
      await page.keyboard.press('Enter');
      expect(await focused()).toBe('MAIN.');
      await page.locator('#code').focus();
      await page.keyboard.press('Tab'); // indents
      expect(await page.inputValue('#code')).toMatch(/^ {2}\/\//);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Tab');
      expect(await focused()).toBe('BUTTON.primary'); // Run, below it
      await page.locator('nav a', { hasText: 'This adapter' }).focus();
      await page.keyboard.press('Enter');
      await page.waitForSelector('[data-done="false"], [data-done="true"]', { state: 'attached' });
      expect(await focused()).toBe('MAIN.');
      expect(await page.locator('nav a[aria-current]').allTextContents()).toEqual(['This adapter']);
    });
  });

  test('on a phone the rooms are one line, and the one that is open is in sight', async () => {
    await visit('#/tutorial', async (page) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await page.reload();
      await page.waitForSelector('.tutorial[data-done]');
      const nav = (await page.locator('.bar nav').boundingBox())!;
      const link = (await page.locator('nav a[aria-current]').boundingBox())!;
      expect(nav.height).toBeLessThan(60);
      expect(link.x).toBeGreaterThan(nav.x);
      expect(link.x + link.width).toBeLessThanOrEqual(nav.x + nav.width);
    });
  });

  test('a page that gets no frames, as hidden ones do not, does not learn, and goes on when it is seen again', async () => {
    await visit('#/flow?layers=4&hidden=16&batch=128&speed=1', async (page) => {
      await reaches(page, 2);
      await page.evaluate(`self.held = []; self.frame = requestAnimationFrame;
        self.requestAnimationFrame = (call) => held.push(call)`);
      await page.waitForTimeout(500); // what was under way has come
      const before = await stepsOf(page);
      await page.waitForTimeout(1500);
      expect(await stepsOf(page)).toBe(before);
      await page.evaluate('self.requestAnimationFrame = frame; held.forEach((call) => frame(call))');
      await reaches(page, before + 2);
    });
  });

  test.each(['#/flow?layers=4&hidden=16&batch=128&speed=10', '#/rle?task=joints&speed=2'])(
    'training at %s holds as many buffers after a while as before',
    async (hash) => {
      const use = async (page: Page) => {
        const held = async () => (await page.workers()[0].evaluate('held')) as { buffers: number; bytes: number };
        const [first, later] = hash.includes('joints') ? [6, 12] : [50, 200];
        await reaches(page, first);
        await press(page, 'Pause');
        await page.waitForTimeout(500);
        const before = await held();
        await press(page, 'Run');
        await reaches(page, later);
        await press(page, 'Pause');
        await page.waitForTimeout(500);
        const after = await held();
        expect(before.bytes).toBeGreaterThan(10_000);
        expect(after).toEqual(before);
      };
      await visit(hash, use, COUNT_BUFFERS);
    },
  );
});
