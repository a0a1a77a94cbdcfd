import { Worker } from 'node:worker_threads';
import { DataError } from 'wgrad';

/** What a worker answers; an error that is the user's to mend comes as its message alone. */
export type Answer = { readonly value: unknown } | { readonly error: string; readonly isDataError: boolean };

interface Job {
  readonly task: unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Threads that run one module and answer one task at a time, in the order in which tasks come. They keep the process alive
 * while there is something to do and never longer.
 */
export class ThreadPool {
  readonly count: number;
  readonly #threads: { readonly worker: Worker; job?: Job }[];
  readonly #waiting: Job[] = [];
  #broken: Error | undefined;

  /** @param entry URL of the module, without its extension */
  constructor(entry: URL, count: number) {
    this.count = count;
    this.#threads = Array.from({ length: count }, () => ({ worker: startWorker(entry) }));
    for (const thread of this.#threads) {
      const { worker } = thread;
      worker.on('message', (answer: Answer) => {
        // An answer that was under way at the end: to let go of its thread would end the process before the thread.
        if (this.#broken) return;
        const { job } = thread;
        this.#assign(thread, undefined);
        if ('value' in answer) job?.resolve(answer.value as never);
        else job?.reject(answer.isDataError ? new DataError(answer.error) : new Error(answer.error));
        this.#next();
      });
      worker.on('error', (cause) =>
        this.#fail(new DataError(`a data worker failed: ${lineOf(cause)}; ${REMEDY}`, { cause })),
      );
      worker.on('exit', (code) => this.#fail(new DataError(`a data worker ended with code ${code}; ${REMEDY}`)));
      worker.unref(); // last, since whoever listens for messages holds the process
    }
  }

  /** Runs a task on the next thread that is free. */
  run<T>(task: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#broken) return reject(this.#broken);
      this.#waiting.push({ task, resolve, reject });
      this.#next();
    });
  }

  /** Sends something to all threads, which they get before any task that is given later. */
  tell(message: unknown): void {
    for (const { worker } of this.#threads) worker.postMessage({ message });
  }

  /** Ends the threads, whatever they do; tasks that are not done are rejected. */
  async close(): Promise<void> {
    this.#fail(new DataError('the data workers were closed; open others'));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #next(): void {
    for (const thread of this.#threads) {
      if (this.#waiting.length === 0) return;
      if (!thread.job) this.#assign(thread, this.#waiting.shift());
    }
  }

  #assign(thread: { readonly worker: Worker; job?: Job }, job: Job | undefined): void {
    const { worker } = thread;
    thread.job = job;
    if (job) {
      worker.ref();
      worker.postMessage({ task: job.task });
    } else worker.unref();
  }

  #fail(error: Error): void {
    // Threads that are being ended come by here one by one; to let go of the others would end the process before them.
    if (this.#broken) return;
    this.#broken = error;
    const lost = [...this.#threads.map(({ job }) => job), ...this.#waiting.splice(0)];
    for (const thread of this.#threads) this.#assign(thread, undefined);
    for (const job of lost) job?.reject(error);
  }
}

const REMEDY = 'take fewer --workers if memory is short, or none (0) to see where it fails';

const lineOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];

/** Sources, as tests and benches run them, are TypeScript, which Node's threads load with the help of tsx. */
function startWorker(entry: URL): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(`${entry.href}.js`));
  const [api, source] = [import.meta.resolve('tsx/esm/api'), `${entry.href}.ts`].map((url) => JSON.stringify(url));
  return new Worker(`import(${api}).then((tsx) => (tsx.register(), import(${source})))`, { eval: true });
}
