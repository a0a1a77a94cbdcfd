/** The exit code of a program that Ctrl-C stopped, as shells define it. */
export const INTERRUPTED = 130;

/**
 * Turns Ctrl-C into a signal, so that work can be finished in an orderly way; the second Ctrl-C exits at once.
 * @param onFirst tells the user what will happen
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
