import type { Choices } from '../tensor/backend.js';
import type { Device } from '../tensor/tensor.js';

/**
 * A table of measured choices. While `tune` fills it, it also notes which questions kernels ask (`asking`) and answers them
 * with the candidate that is on trial (`trying`).
 */
export class MeasuredChoices implements Choices {
  readonly #answers = new Map<string, string>();
  #asked: Map<string, readonly string[]> | undefined;
  #trial: string | undefined;

  pick(question: string, candidates: () => readonly string[]): string | undefined {
    if (this.#asked && !this.#asked.has(question)) this.#asked.set(question, candidates());
    return this.#trial ?? this.#answers.get(question);
  }

  get answers(): ReadonlyMap<string, string> {
    return this.#answers;
  }

  set(question: string, answer: string): void {
    this.#answers.set(question, answer);
  }

  /** The questions that `fn` leads to, with their candidates, the built-in choice first. */
  asking(fn: () => void): ReadonlyMap<string, readonly string[]> {
    const asked = new Map<string, readonly string[]>();
    this.#asked = asked;
    try {
      fn();
    } finally {
      this.#asked = undefined;
    }
    return asked;
  }

  /** Answers every question with `candidate` while `fn` runs. */
  async trying<T>(candidate: string, fn: () => Promise<T>): Promise<T> {
    this.#trial = candidate;
    try {
      return await fn();
    } finally {
      this.#trial = undefined;
    }
  }
}

/** The table that a device's kernels ask, a new one if it has none; undefined for a device without a choice of kernels. */
export function choicesOf({ kind, capabilities }: Device): MeasuredChoices | undefined {
  if (kind === 'webgpu') capabilities.choices ??= new MeasuredChoices();
  return capabilities.choices instanceof MeasuredChoices ? capabilities.choices : undefined;
}
