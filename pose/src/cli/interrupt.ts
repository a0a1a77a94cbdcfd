/** The exit code of a program that Ctrl-C stopped, as shells define it. */
export const INTERRUPTED = 130;

/** Milliseconds that a stopped command, all of it saved, waits for its threads, or for its own end; Ctrl-C again ends it at once. */
export const PATIENCE = 3000;

/**
 * Ends the process as Ctrl-C does where nobody listens for it. `process.exit` would wait for every thread that reads a file,
 * also from a disk that does not answer.
 */
export function endAtOnce(): void {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}

/**
 * Turns Ctrl-C into a signal, so that work can be finished in an orderly way; the second Ctrl-C exits at once. The end of the
 * terminal or of the session does the same as Ctrl-C, and so does SIGUSR2: mpirun hands it on to its ranks and lets them end,
 * while it kills them a second after a Ctrl-C of its own.
 * @param onFirst tells the user what will happen
 */
export function untilInterrupt(onFirst: () => void): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) endAtOnce();
    controller.abort();
    onFirst();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const;
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
