import type { PoseSplit } from '../../../pose/src/dataset.js';
import { figures } from '../../../pose/src/figures/figures.js';
import { silu } from '../../../src/kernels/elementwise/activation.js';
import { reshape } from '../../../src/kernels/layout/reshape.js';
import * as conv2d from '../../../src/nn/conv2d.js';
import * as linear from '../../../src/nn/linear.js';
import { pick, type Scenes, SIDE, type Task, WIDTH } from './task.js';

const JOINTS = 14;
const SIZE = 32;
const TRAIN = 2000;
const TEST = 500;
const CHANNELS = [3, 16, 32, 64];
/** Joints of LSP: the wrists. */
const WRISTS = [6, 11] as const;

interface Body {
  readonly convs: readonly conv2d.Conv2dParams[];
  readonly last: linear.LinearParams;
}

/** Generated figures with LSP's joints, seen by three convolutions. The class is which wrist is further left. */
export async function picturesTask(): Promise<Task> {
  const { train, test } = figures({ size: SIZE, train: TRAIN, test: TEST });
  const [pool, heldOut] = await Promise.all([render(train), render(test)]);
  return {
    joints: JOINTS,
    inputShape: [SIZE, SIZE, 3],
    draw: (rng, count) => pick(pool, rng, count),
    heldOut,
    init(rng, device): Body {
      const convs = CHANNELS.slice(1).map((outputs, i) =>
        conv2d.init(rng, device, { inputs: CHANNELS[i], outputs, kernel: [3, 3], bias: true }),
      );
      return { convs, last: linear.init(rng, device, { inputs: (SIZE / 8) ** 2 * 64, outputs: WIDTH }) };
    },
    apply(body, inputs) {
      const { convs, last } = body as Body;
      const maps = convs.reduce((x, conv) => silu(conv2d.apply(conv, x, { stride: [2, 2], padding: [1, 1] })), inputs);
      return silu(linear.apply(last, reshape(maps, { shape: [maps.shape[0], -1] })));
    },
  };
}

/** All pictures of a split, with the person's box as SIDE cells. */
async function render(split: PoseSplit): Promise<Scenes> {
  const count = split.length;
  const inputs = new Float32Array(count * SIZE * SIZE * 3);
  const joints = new Float32Array(count * JOINTS * 2);
  const clean = new Float32Array(count * JOINTS * 2);
  const boxes = new Float32Array(count * 4);
  const classes = new Float32Array(count);
  const cells = SIDE / SIZE;
  for (let i = 0; i < count; i++) {
    const sample = await split.sample(i);
    const truth = sample.clean ?? sample.joints;
    inputs.set(
      Float32Array.from(sample.image.data, (v) => v / 128 - 1),
      i * SIZE * SIZE * 3,
    );
    const centred = (points: ArrayLike<number>) => Float32Array.from(points, (v) => (v - SIZE / 2) * cells);
    joints.set(centred(sample.joints), i * JOINTS * 2);
    clean.set(centred(truth), i * JOINTS * 2);
    const [x, y, w, h] = sample.box;
    boxes.set([...centred([x + w / 2, y + h / 2]), (w / 2) * cells, (h / 2) * cells], i * 4);
    classes[i] = Number(truth[2 * WRISTS[0]] > truth[2 * WRISTS[1]]);
  }
  return { count, inputs, joints, clean, boxes, classes };
}
