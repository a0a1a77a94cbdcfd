// `npm run measure --workspace wgrad-lab`: how soon the built lab is painted, how long its page is busy at once while each room
// works, how many of its frames are late while a model trains, and how much memory training takes over minutes. `-- tasks`,
// `-- frames 20` (seconds) or `-- memory 5` (minutes) measures that alone.

import { join } from 'node:path';
import { findChromium, launchChromium } from '../../test/browser/chromium.js';
import { busyDuring, FRAMES, firstPaint, memoryOf, WORK } from './busy.js';
import { serveFolder } from './serve.js';

const TRAINING = { flow: '#/flow', rle: '#/rle', joints: '#/rle?task=joints' };
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
    say('room       paint  task (cpu)  task (clock)  frame  longest frame, ms');
    for (const [room, { hash, done }] of Object.entries(WORK)) {
      const page = await browser.newPage();
      await page.goto('about:blank');
      const busy = await busyDuring(browser, page, async () => {
        await page.goto(url + hash);
        await page.evaluate(FRAMES);
        await page.waitForSelector(done, { state: 'attached', timeout: 300_000 });
      });
      const paint = await firstPaint(page);
      const { task, taskByClock, frame, longestFrame } = busy;
      say(room.padEnd(9), ...[paint, task, taskByClock, frame, longestFrame].map(round));
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
      const steps = await page.locator('.figures').getAttribute('data-steps');
      const late = frames.filter((ms) => ms > LATE);
      say(room.padEnd(9), ...[frames.length, late.length, Math.max(...frames), Number(steps)].map(round));
      await page.close();
    }
  }
  if (isAsked('memory')) {
    const minutes = amount(5);
    const page = await browser.newPage();
    await page.goto(`${url}#/flow`);
    say('seconds  steps  page  gpu  rest, MB');
    for (let tenth = 0; tenth <= 10; tenth++) {
      const sums = await memoryOf(browser);
      const steps = await page.locator('.figures').getAttribute('data-steps');
      const { renderer = 0, GPU = 0, ...rest } = sums;
      const others = Object.values(rest).reduce((sum, mb) => sum + mb, 0);
      say(tenth * minutes * 6, steps, ...[renderer, GPU, others].map(round));
      if (tenth < 10) await page.waitForTimeout(minutes * 6000);
    }
  }
  await browser.close();
  close();
}

await main(process.argv.slice(2));
