/** How long a wait goes on before the host naps, so that short reads, of which there are many, keep their latency. */
const ALERT_MS = 2;
const NAP_MS = 1;

/** Never written: waiting on it is sleeping. */
let cell: Int32Array | undefined;
let waiters = 0;
let since = 0;
let napping = false;

/**
 * The same promise, awaited without taking a core from a driver that computes on the CPU.
 *
 * While anything is awaited, Dawn's binding for Node asks for news in an endless chain of `setImmediate`, so that the
 * host's thread is never idle: measured with llvmpipe on 2 cores, a quarter of the whole machine. A nap of a
 * millisecond in the same chain slows it down; nothing else is to be done meanwhile, or it would take its turn.
 */
export async function patiently<T>(awaited: Promise<T>): Promise<T> {
  if (typeof setImmediate !== 'function') return awaited; // a browser has its own loop
  if (waiters++ === 0) since = performance.now();
  if (!napping) setImmediate(nap);
  napping = true;
  try {
    return await awaited;
  } finally {
    waiters--;
  }
}

function nap(): void {
  napping = waiters > 0;
  if (!napping) return;
  if (performance.now() - since > ALERT_MS) {
    cell ??= new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(cell, 0, 0, NAP_MS);
  }
  setImmediate(nap);
}
