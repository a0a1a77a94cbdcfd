import { DataError, Rng } from 'wgrad';
import { jointBox, type PoseDataset, type PoseSample, type PoseSplit } from '../dataset.js';
import { lsp14 } from '../schema.js';
import { annotate, type LabelNoise } from './labels.js';
import { renderScene } from './render.js';
import { type SceneVariety, sampleScene } from './scene.js';

/** What to generate and how difficult it is. */
export interface FigureOptions extends SceneVariety {
  readonly seed: number;
  /** Side of the pictures in pixels; the crop takes about four fifths of it. */
  readonly size: number;
  /** Number of training and of test samples. */
  readonly train: number;
  readonly test: number;
  /** Whether training pictures never repeat: each epoch then has `train` new ones. */
  readonly endless: boolean;
  readonly labels: LabelNoise;
}

/** Learnable in minutes by a small network at 64x64, out of reach for a linear map of the pixels. */
export const defaultFigures: FigureOptions = {
  seed: 1,
  size: 80,
  train: 4000,
  test: 500,
  endless: false,
  tumbling: 0.04,
  freeArms: 0.3,
  backs: 0.2,
  profiles: 0.1,
  twoTone: 0.85,
  clutter: 1.5,
  occluders: 0.15,
  cameraNoise: 8,
  labels: { scale: 0.008, hidden: 2.5, outliers: 0.06, swaps: 0.02, short: 0 },
};

/**
 * The embedded data set: generated pictures of dressed, articulated figures with LSP's 14 joints. Sample i of a split is a
 * function of (options, i) alone, made when it is asked for (about 2 ms at 80 px). `joints` are labels with annotation
 * noise; `clean` are the true joints, and what held-out scores should be taken against. The box is that of the true joints.
 * The person's left wears warm colours and the right cool ones, so the data set is not `mirrorable`.
 * @throws DataError for a size or count that is not a positive integer.
 */
export function figures(options: Partial<FigureOptions> = {}): PoseDataset {
  const all = { ...defaultFigures, ...options };
  for (const key of ['size', 'train', 'test'] as const) {
    if (!Number.isInteger(all[key]) || all[key] < (key === 'size' ? 16 : 1)) {
      throw new DataError(`figures: ${key} is ${all[key]}; give an integer >= ${key === 'size' ? 16 : 1}`);
    }
  }
  return {
    name: 'figures',
    schema: lsp14,
    mirrorable: false,
    train: split(new Rng(all.seed, 1), all.train, all.endless, 'train', all),
    test: split(new Rng(all.seed, 2), all.test, false, 'test', all),
  };
}

function split(
  stream: Rng,
  length: number,
  endless: boolean,
  part: 'train' | 'test',
  options: FigureOptions,
): PoseSplit {
  return {
    length,
    endless,
    origin: { module: import.meta.url, name: 'figures', args: [options], part },
    sample(index) {
      if (!Number.isInteger(index) || index < 0 || (index >= length && !endless)) {
        throw new DataError(`figures: ${part} sample ${index} of ${length} does not exist`);
      }
      return generate(stream.split(index), `figures ${part} ${index}`, options);
    },
  };
}

function generate(rng: Rng, id: string, options: FigureOptions): PoseSample {
  const { size } = options;
  const scene = sampleScene(rng.split(0), options);
  const weights = new Float64Array(lsp14.joints.length).fill(1);
  const [, , w, h] = jointBox(scene.joints, weights);
  const labels = annotate(rng.split(1), scene.joints, scene.hidden, Math.max(w, h), options.labels);
  // The picture [0, 1] covers the pixels [-0.5, size - 0.5].
  const pixels = (points: Float64Array) => points.map((v) => v * size - 0.5);
  const clean = pixels(scene.joints);
  return {
    id,
    image: renderScene(scene, size),
    box: jointBox(clean, weights),
    joints: pixels(labels),
    weights,
    clean,
    // Makes the scene again: thousands of samples are kept, a dozen are looked at.
    picture: (side) => renderScene(sampleScene(rng.split(0), options), side),
  };
}
