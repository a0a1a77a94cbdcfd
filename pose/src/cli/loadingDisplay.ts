/** Shows on a terminal how many images are loaded. Elsewhere it shows nothing, since loading takes only seconds. */
export function loadingDisplay(name: string): { update(done: number, total: number): void; stop(): void } {
  const { stderr } = process;
  return {
    update(done, total) {
      if (stderr.isTTY) stderr.write(`\r${name}: ${done} of ${total} images`);
    },
    stop() {
      if (stderr.isTTY) stderr.write('\r\u001b[2K');
    },
  };
}
