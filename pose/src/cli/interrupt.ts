/** The exit code of a program that Ctrl-C has ended, as shells count it. */
export const INTERRUPTED = 130;

/**
 * Turns Ctrl-C into a signal, so that work can come to an orderly end; the second Ctrl-C exits at once.
 * @param onFirst tells the user what is going to happen
 */
export function untilInterrupt(onFirst: () => void): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
    onFirst();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, interrupt);
  return {
    signal: controller.signal,
    release() {
      for (const name of signals) process.off(name, interrupt);
    },
  };
}
