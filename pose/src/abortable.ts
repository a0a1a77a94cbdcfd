/**
 * Waits for a promise, but not beyond the abort of a signal: whatever it waits for, such as a picture on a disk that does
 * not answer, Ctrl-C is heard at once. What is not waited for any more may still fail, unheard.
 * @throws what the promise is rejected with, or the reason of the abort
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
