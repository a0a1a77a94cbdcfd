import type { Opened, Response, RoomName } from './protocol.js';

/** What a worker's half can be asked. */
export type Methods<T> = { readonly [K in keyof T]: (argument: never) => Promise<unknown> };
type Waiting = { resolve(value: unknown): void; reject(error: Error): void };

/**
 * A room's computing half, in a worker of its own with a device of its own, so that the page never waits for it. The page
 * asks and the worker answers; a page that asks no more has paused it.
 */
export class Engine<T extends Methods<T>> {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  private constructor() {
    this.#worker.onmessage = ({ data: { id, value, error } }: MessageEvent<Response>) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(`the worker stopped: ${event.message || 'its script did not load'}`));
    };
  }

  /**
   * Starts a room's worker.
   * @param reference compute on the float64 reference even where there is WebGPU
   */
  static async open<T extends Methods<T>>(
    room: RoomName,
    settings: unknown,
    reference: boolean,
  ): Promise<{ engine: Engine<T>; opened: Opened }> {
    const engine = new Engine<T>();
    try {
      return { engine, opened: (await engine.#send('open', { room, settings, reference })) as Opened };
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  /** Calls a method of the worker's half. What is in `transfer` moves there and is empty here. */
  ask<K extends keyof T & string>(
    call: K,
    argument: Parameters<T[K]>[0],
    transfer: readonly Transferable[] = [],
  ): ReturnType<T[K]> {
    return this.#send(call, argument, transfer) as ReturnType<T[K]>;
  }

  /** Ends the worker; its device goes with it, and calls that wait are never answered. */
  close(): void {
    this.#waiting.clear();
    this.#worker.terminate();
  }

  #send(call: string, argument: unknown, transfer: readonly Transferable[] = []): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, argument }, [...transfer]);
    });
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
