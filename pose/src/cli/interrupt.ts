/** The exit code of a program that Ctrl-C stopped, as shells define it. */
export const INTERRUPTED = 130;

/**
 * Turns Ctrl-C into a signal, so that work can be finished in an orderly way; the second Ctrl-C exits at once. The end of the
 * terminal or of the session does the same as Ctrl-C.
 * @param onFirst tells the user what will happen
 */
export function untilInterrupt(onFirst: () => void): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
    onFirst();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, interrupt);
  // A terminal that is gone takes no text any more, which is no reason to end before the run is saved.
  const unheard = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  };
  for (const stream of [process.stdout, process.stderr]) stream.on('error', unheard);
  return {
    signal: controller.signal,
    release() {
      for (const name of signals) process.off(name, interrupt);
      for (const stream of [process.stdout, process.stderr]) stream.off('error', unheard);
    },
  };
}
