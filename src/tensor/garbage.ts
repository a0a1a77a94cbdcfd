const BALLAST_BYTES = 2 ** 28;
/** After so many tasks it stops waiting, whether or not anything was collected. */
const MOST_TASKS = 10;

/**
 * Has the garbage collector look for handles that nobody holds, and waits until the memory behind them is given back.
 *
 * The collector sees the few bytes of a handle but not the device memory behind it, so it may not run for minutes. It does
 * see the bytes of array buffers, although these lie outside of its heap, and it runs at once when they grow fast. So two
 * large array buffers are made and dropped. Nothing is written into them, so they cost next to nothing.
 */
export async function collectGarbage(): Promise<void> {
  await nextTask();
  let found = false;
  const registry = new FinalizationRegistry(() => {
    found = true;
  });
  (() => registry.register({}, undefined))();
  const { gc } = globalThis as { gc?: () => void };
  for (let i = 0; i < MOST_TASKS && !found; i++) {
    if (gc) gc();
    else showBallast();
    await nextTask();
    await nextTask();
  }
  await nextTask(); // other registries may be told one task later
}

function showBallast(): void {
  try {
    for (let i = 0; i < 2; i++) new ArrayBuffer(BALLAST_BYTES);
  } catch {
    // There is not as much address space. The collector has been asked all the same.
  }
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
