/**
 * Waits for the next turn of the event loop, so that timers, signals and a page's painting have theirs. Node has `setImmediate`
 * for that; in a browser a message does it, since timers wait for some milliseconds there.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
