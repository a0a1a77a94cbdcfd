import type { Browser, Page } from 'playwright-core';

/** What one does first in a room, and what shows that it has come to its end. */
export const WORK: Readonly<Record<string, { hash: string; done: string }>> = {
  flow: { hash: '#/flow?until=60', done: '[data-steps="60"]' },
  rle: { hash: '#/rle?until=60', done: '[data-steps="60"]' },
  joints: { hash: '#/rle?task=joints&until=4', done: '[data-steps="4"]' },
  pose: { hash: '#/pose', done: '[data-joints]' },
  gradients: { hash: '#/gradients?ops=add,softmax,conv2d&run=1', done: '.summary[data-done]' },
  kernels: { hash: '#/kernels?ops=matmul, 256;exp&run=1&time=20', done: '.summary[data-done]' },
  tape: { hash: '#/tape?example=hvp', done: '[data-done="true"]' },
  adapter: { hash: '#/adapter', done: '[data-done]' },
  tutorial: { hash: '#/tutorial', done: '.tutorial[data-done]' },
};

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** What a page did while `work` ran, in milliseconds. */
export interface Busy {
  /** The longest task of its main thread, in time of the processor: others on the machine do not count. */
  readonly task: number;
  /** The longest task as the clock saw it. */
  readonly taskByClock: number;
  /** How many frames came, which may be few; times between them: the median and the longest. */
  readonly frames: number;
  readonly frame: number;
  readonly longestFrame: number;
}

/** Code that notes the times between frames. */
export const FRAMES = `self.frames = []; (function tick(last) {
  requestAnimationFrame((now) => { if (last) self.frames.push(now - last); tick(now); });
})(0)`;

/** Watches the main thread and the frames of a page while something runs in it. */
export async function busyDuring(browser: Browser, page: Page, work: () => Promise<unknown>): Promise<Busy> {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  let frames: number[];
  let trace: Buffer;
  try {
    await page.evaluate(FRAMES);
    await work();
    frames = ((await page.evaluate('self.frames')) as number[]).sort((a, b) => a - b);
  } finally {
    trace = await browser.stopTracing();
  }
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const main = pageThread(traceEvents);
  const tasks = traceEvents.filter(({ name, ph, pid, tid }) => {
    return ph === 'X' && /RunTask$/.test(name) && `${pid} ${tid}` === main;
  });
  const longest = (of: (event: TraceEvent) => number | undefined) =>
    Math.max(0, ...tasks.map((e) => of(e) ?? 0)) / 1000;
  return {
    task: longest(({ tdur }) => tdur),
    taskByClock: longest(({ dur }) => dur),
    frames: frames.length,
    frame: frames[frames.length >> 1] ?? 0,
    longestFrame: frames.at(-1) ?? 0,
  };
}

/** The renderer's main thread that did the most: that of the page. */
function pageThread(events: readonly TraceEvent[]): string | undefined {
  const mains = events
    .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
    .map(({ pid, tid }) => `${pid} ${tid}`);
  const busy = new Map(mains.map((key) => [key, 0]));
  for (const { pid, tid, tdur = 0 } of events) {
    const key = `${pid} ${tid}`;
    if (busy.has(key)) busy.set(key, (busy.get(key) as number) + tdur);
  }
  return [...busy].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** Milliseconds from asking for the page to its first painted content. */
export async function firstPaint(page: Page): Promise<number> {
  await page.waitForFunction("performance.getEntriesByName('first-contentful-paint').length > 0");
  return (await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")) as number;
}
