const BALLAST_BYTES = 2 ** 28;
/** After which it goes on in any case. */
const MOST_TASKS = 10;

/**
 * Has the garbage collector look for handles that nobody holds, and waits until what they stand for has been given back.
 *
 * A collector sees how small a handle is, and not the memory of the device behind it: it may not look for minutes. Memory
 * outside of its heap that it does see is what array buffers hold, and where that grows fast it looks at once. So it is
 * shown some for a moment. Nothing is written there, hence nothing is paid for it.
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
  await nextTask(); // others may be told one task later
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
