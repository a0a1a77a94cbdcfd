import type { Rng } from '../../../src/tensor/rng.js';
import type { Device, Tensor } from '../../../src/tensor/tensor.js';

/** The side of the objects in cells of a detector's grid, about; labels are in cells. */
export const SIDE = 8;
/** What the body of a network gives its layers. */
export const WIDTH = 64;

/** Scenes with one object each: what a network sees of them, and their labels in cells. */
export interface Scenes {
  readonly count: number;
  /** [count, ...inputShape]. */
  readonly inputs: Float32Array;
  /** [count, K, 2]: as they were labelled, and as they are. */
  readonly joints: Float32Array;
  readonly clean: Float32Array;
  /** [count, 4]: centre and half sides. */
  readonly boxes: Float32Array;
  /** [count, 1]: 0 or 1. */
  readonly classes: Float32Array;
}

/** What is to be learned, and by which body. */
export interface Task {
  /** K. */
  readonly joints: number;
  readonly inputShape: readonly number[];
  /** Scenes to learn from. */
  draw(rng: Rng, count: number): Scenes;
  /** Scenes to be judged by. */
  readonly heldOut: Scenes;
  init(rng: Rng, device: Device): object;
  /** [B, WIDTH]. */
  apply(body: object, inputs: Tensor): Tensor;
}

/** Some of the scenes, drawn with replacement. */
export function pick(scenes: Scenes, rng: Rng, count: number): Scenes {
  const chosen = Array.from({ length: count }, () => rng.int(scenes.count));
  const rows = (data: Float32Array) => {
    const length = data.length / scenes.count;
    const out = new Float32Array(count * length);
    chosen.forEach((from, to) => {
      out.set(data.subarray(from * length, (from + 1) * length), to * length);
    });
    return out;
  };
  const { inputs, joints, clean, boxes, classes } = scenes;
  return {
    count,
    inputs: rows(inputs),
    joints: rows(joints),
    clean: rows(clean),
    boxes: rows(boxes),
    classes: rows(classes),
  };
}
