// `npm run measure --workspace wgrad-lab`: how soon the built lab is painted, how long its page is busy at once while each room
// works, how many of its frames are late while a model trains, and how much memory training takes over minutes. `-- tasks`,
// `-- frames 20` (seconds) or `-- memory 5` (minutes) measures that alone.

import { join } from 'node:path';
import { findChromium, launchChromium } from '../../test/browser/chromium.js';
import { busyDuring, FRAMES, firstPaint, WORK } from './busy.js';
import { HELD, heapsOf, memoryOf } from './memory.js';
import { serveFolder } from './serve.js';
import { beforeWorkers } from './workers.js';

const TRAINING = { flow: '#/flow', rle: '#/rle', joints: '#/rle?task=joints', tutorial: '#/tutorial?section=6' };
/** A frame that comes so many milliseconds after the last one is late. */
const LATE = 50;

const round = (x: number) => x.toFixed(1).padStart(7);
const say = (...parts: readonly unknown[]) => process.stdout.write(`${parts.join(' ')}\n`);

async function main(words: readonly string[]): Promise<void> {
  const chromium = findChromium();
  if (!chromium) throw new Error('measure: no Chromium on the path, nor in CHROMIUM');
  const { url, close } = await serveFolder(join(import.meta.dirname, '../dist'));
  const browser = await launchChromium(chromium);
  const isAsked = (what: string) => words.length === 0 || words.includes(what);

  if (isAsked('tasks')) {
    say('room       paint  task (cpu)  task (clock)  frames  median  longest, ms');
    for (const [room, { hash, done }] of Object.entries(WORK)) {
      const page = await browser.newPage();
      await page.goto('about:blank');
      const busy = await busyDuring(browser, page, async () => {
        await page.goto(url + hash);
        await page.evaluate(FRAMES);
        await page.waitForSelector(done, { state: 'attached', timeout: 300_000 });
      });
      const paint = await firstPaint(page);
      const { task, taskByClock, frames, frame, longestFrame } = busy;
      say(room.padEnd(9), ...[paint, task, taskByClock, frames, frame, longestFrame].map(round));
      await page.close();
    }
  }
  const amount = (standard: number) => Number(words.find((word) => Number(word) > 0) ?? standard);
  if (isAsked('frames')) {
    say('room       frames  late  longest, ms  steps');
    for (const [room, hash] of Object.entries(TRAINING)) {
      const page = await browser.newPage();
      await page.goto(url + hash);
      await page.waitForSelector('[data-steps]:not([data-steps="0"])', { state: 'attached', timeout: 300_000 });
      await page.evaluate(FRAMES);
      await page.waitForTimeout(1000 * amount(20));
      const frames = (await page.evaluate('self.frames')) as number[];
      const steps = await page.locator('[data-steps]').getAttribute('data-steps');
      const late = frames.filter((ms) => ms > LATE);
      say(room.padEnd(9), ...[frames.length, late.length, Math.max(...frames), Number(steps)].map(round));
      await page.close();
    }
  }
  if (isAsked('memory')) {
    const minutes = amount(5);
    const page = await browser.newPage();
    await beforeWorkers(page, HELD);
    const heaps = await heapsOf(page);
    await page.goto(`${url}#/flow`);
    await page.waitForSelector('[data-steps]:not([data-steps="0"])', { state: 'attached', timeout: 300_000 });
    say(
      'Megabytes after garbage was collected: heaps of JavaScript, WebGPU buffers, and the processes of the browser.',
    );
    say('seconds  steps  page  worker  buffers  of them  renderer  gpu  browser  rest');
    for (let tenth = 0; tenth <= 10; tenth++) {
      const heap = await heaps();
      const [held] = await Promise.all(page.workers().map((worker) => worker.evaluate('self.held()')));
      const { count, megabytes } = held as { readonly count: number; readonly megabytes: number };
      const { renderer = 0, GPU = 0, browser: shell = 0, ...rest } = await memoryOf(browser);
      const others = Object.values(rest).reduce((sum, mb) => sum + mb, 0);
      const steps = await page.locator('.figures').getAttribute('data-steps');
      say(
        String(Math.round(tenth * minutes * 6)).padStart(7),
        String(steps).padStart(6),
        ...[heap.page, heap.workers, megabytes, count, renderer, GPU, shell, others].map(round),
      );
      if (tenth < 10) await page.waitForTimeout(minutes * 6000);
    }
  }
  await browser.close();
  close();
}

await main(process.argv.slice(2));
