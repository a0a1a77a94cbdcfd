/**
 * Something that learns, and can be looked at. It compiles its kernels ahead: browsers compile one that is first met when it
 * runs on the thread that also shows the page, which would stand still meanwhile.
 */
export interface LearnerOf<Frame> {
  /** Learns from `count` batches. */
  learn(count: number, lr: number): Promise<void>;
  /** All that the page draws. */
  frame(): Promise<Frame>;
}

/** The half in the worker of a room that trains: learns `steps` batches, says how long they took, and shows the model. */
export function advancing<Frame extends object>(learner: LearnerOf<Frame>) {
  return {
    async advance({ steps, lr }: { readonly steps: number; readonly lr: number }) {
      const started = performance.now();
      await learner.learn(steps, lr);
      const seconds = (performance.now() - started) / 1000;
      return { ...(await learner.frame()), seconds };
    },
  };
}
