import { readFileSync } from 'node:fs';
import type { Browser, CDPSession, Page } from 'playwright-core';

/**
 * Megabytes that the browser's processes hold, by kind, of which those that several share count in part. Pages of its program do
 * not count: they belong to as many processes as there are browsers on the machine. Linux alone tells.
 */
export async function memoryOf(browser: Browser): Promise<Record<string, number>> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sums: Record<string, number> = {};
  for (const { id, type } of processInfo) {
    try {
      const parts = readFileSync(`/proc/${id}/smaps_rollup`, 'utf8').matchAll(
        /^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+)/gm,
      );
      const kilobytes = [...parts].reduce((sum, [, part]) => sum + Number(part), 0);
      sums[type] = (sums[type] ?? 0) + kilobytes / 1024;
    } catch {
      // A process that has just ended.
    }
  }
  return sums;
}

/** Megabytes of JavaScript's heap and of the buffers outside of it that a page and its workers hold. */
export interface Heap {
  readonly page: number;
  readonly workers: number;
}

/**
 * Collects the garbage of a page and of its workers, and says what is left: what grows in it is held by somebody. Begins to watch
 * the page when it is made, so it must be made before the page opens.
 */
export async function heapsOf(page: Page): Promise<() => Promise<Heap>> {
  const session = await page.context().newCDPSession(page);
  const workers = new Set<string>();
  session.on('Target.attachedToTarget', ({ sessionId }) => workers.add(sessionId));
  session.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId));
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false });
  const cleaned = async (send: Sender) => {
    await send('HeapProfiler.collectGarbage');
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = (await send('Runtime.getHeapUsage')) as HeapUsage;
    return (usedSize + embedderHeapUsedSize + backingStorageSize) / 2 ** 20;
  };
  return async () => {
    const own = await cleaned((method) => session.send(method));
    const theirs = await Promise.all([...workers].map((id) => cleaned(toWorker(session, id))));
    return { page: own, workers: theirs.reduce((sum, mb) => sum + mb, 0) };
  };
}

type Sender = (method: 'HeapProfiler.collectGarbage' | 'Runtime.getHeapUsage') => Promise<unknown>;
interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  readonly backingStorageSize: number;
}

let messages = 0;

/** Sends to a worker through the session of its page, which is the only one that playwright-core hands out. */
function toWorker(session: CDPSession, sessionId: string): Sender {
  return (method) => {
    const id = ++messages;
    const answered = new Promise<unknown>((resolve) => {
      const hear = (event: { readonly sessionId: string; readonly message: string }) => {
        const { id: of, result } = JSON.parse(event.message) as { readonly id?: number; readonly result?: unknown };
        if (event.sessionId !== sessionId || of !== id) return;
        session.off('Target.receivedMessageFromTarget', hear);
        resolve(result);
      };
      session.on('Target.receivedMessageFromTarget', hear);
    });
    return session
      .send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
      .then(() => answered);
  };
}

/**
 * Code for a worker, before its own: counts the buffers and textures that WebGPU has made and that nobody has destroyed, and
 * their megabytes, in `self.held()`.
 */
export const HELD = `(() => {
  if (!self.GPUDevice) return;
  let count = 0, bytes = 0;
  const note = (made, size) => {
    const destroy = made.destroy.bind(made);
    let isHeld = true;
    count++; bytes += size;
    made.destroy = () => { if (isHeld) { isHeld = false; count--; bytes -= size; } destroy(); };
    return made;
  };
  const { createBuffer, createTexture } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (of) { return note(createBuffer.call(this, of), of.size); };
  GPUDevice.prototype.createTexture = function (of) { return note(createTexture.call(this, of), 0); };
  self.held = () => ({ count, megabytes: bytes / 2 ** 20 });
})()`;
