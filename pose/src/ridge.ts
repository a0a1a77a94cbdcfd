import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import { meanError } from './metrics/pck.js';
import { IMAGENET_MEAN, IMAGENET_STD } from './warp.js';

/** Side of the grey thumbnail that ridge regression looks at. */
export const THUMBNAIL = 16;
const FEATURES = THUMBNAIL * THUMBNAIL;
const COLUMNS = FEATURES + 1;

const PENALTIES = [0.1, 1, 10, 100, 1000, 10_000];
const VALIDATION_SHARE = 0.2;

/**
 * A network input reduced to 16x16 grey values: block means of luma `0.299 R + 0.587 G + 0.114 B` in [0, 1].
 * @param input [height, width, 3] as `warpCrop` writes it; both sides at least 16. @param out receives [256].
 */
export function thumbnail(input: Float32Array, width: number, height: number, out: Float64Array): void {
  const luma = [0.299, 0.587, 0.114];
  const gain = luma.map((w, i) => w * IMAGENET_STD[i]);
  const offset = luma.reduce((s, w, i) => s + w * IMAGENET_MEAN[i], 0);
  const pixels = new Float64Array(FEATURES);
  out.fill(0);
  for (let v = 0, p = 0; v < height; v++) {
    const row = Math.floor((v * THUMBNAIL) / height) * THUMBNAIL;
    for (let u = 0; u < width; u++, p += 3) {
      const cell = row + Math.floor((u * THUMBNAIL) / width);
      out[cell] += gain[0] * input[p] + gain[1] * input[p + 1] + gain[2] * input[p + 2] + offset;
      pixels[cell]++;
    }
  }
  for (let i = 0; i < FEATURES; i++) out[i] /= pixels[i];
}

/** A linear map from thumbnails to poses. */
export interface Ridge {
  /** The penalty that did best on the validation part. */
  readonly penalty: number;
  /** Poses [N, T] for thumbnails [N, 256]. */
  predict(thumbnails: Float64Array): Float64Array;
}

/**
 * Ridge regression in closed form, `W = (X^T X + lambda I)^-1 X^T Y` with a free intercept: the linear baseline that a
 * vision problem must defeat. Of six penalties it keeps the one of least mean distance on the last fifth of the rows, then
 * fits all rows with it.
 * @param thumbnails X, [N, 256]. @param poses Y, [N, T] in crop units; fill joints that are not annotated with their mean.
 * @throws DataError for fewer than 10 rows.
 */
export function fitRidge(thumbnails: Float64Array, poses: Float64Array): Ridge {
  const rows = thumbnails.length / FEATURES;
  if (rows < 10)
    throw new DataError(`ridge: ${counted(rows, 'sample')}, too few to pick a penalty on; give at least 10`);
  const targets = poses.length / rows;
  const held = Math.floor(rows * (1 - VALIDATION_SHARE));
  const part = normalEquations(thumbnails, poses, held, targets);
  const validation = thumbnails.subarray(held * FEATURES);
  const truth = poses.subarray(held * targets);
  let penalty = PENALTIES[0];
  let least = Infinity;
  for (const candidate of PENALTIES) {
    const predicted = apply(solve(part, candidate, targets), validation, targets);
    const distances = new Float64Array(truth.length / 2);
    for (let i = 0; i < distances.length; i++) {
      distances[i] = Math.hypot(predicted[2 * i] - truth[2 * i], predicted[2 * i + 1] - truth[2 * i + 1]);
    }
    const error = meanError(distances, new Float64Array(distances.length).fill(1));
    if (error < least) {
      least = error;
      penalty = candidate;
    }
  }
  const weights = solve(normalEquations(thumbnails, poses, rows, targets), penalty, targets);
  return { penalty, predict: (x) => apply(weights, x, targets) };
}

interface NormalEquations {
  /** X^T X, [257, 257], the last column of X being 1; only the lower triangle is filled. */
  readonly gram: Float64Array;
  /** X^T Y, [257, T]. */
  readonly right: Float64Array;
}

function normalEquations(x: Float64Array, y: Float64Array, rows: number, targets: number): NormalEquations {
  const gram = new Float64Array(COLUMNS * COLUMNS);
  const right = new Float64Array(COLUMNS * targets);
  const row = new Float64Array(COLUMNS).fill(1);
  for (let n = 0; n < rows; n++) {
    row.set(x.subarray(n * FEATURES, (n + 1) * FEATURES));
    for (let i = 0; i < COLUMNS; i++) {
      const value = row[i];
      for (let j = 0; j <= i; j++) gram[i * COLUMNS + j] += value * row[j];
      for (let t = 0; t < targets; t++) right[i * targets + t] += value * y[n * targets + t];
    }
  }
  return { gram, right };
}

/** Solves `(gram + lambda diag(1, ..., 1, 0)) W = right` by Cholesky; W is [257, T]. */
function solve({ gram, right }: NormalEquations, penalty: number, targets: number): Float64Array {
  const l = gram.slice();
  for (let i = 0; i < FEATURES; i++) l[i * COLUMNS + i] += penalty;
  for (let j = 0; j < COLUMNS; j++) {
    for (let i = j; i < COLUMNS; i++) {
      let sum = l[i * COLUMNS + j];
      for (let k = 0; k < j; k++) sum -= l[i * COLUMNS + k] * l[j * COLUMNS + k];
      l[i * COLUMNS + j] = i === j ? Math.sqrt(sum) : sum / l[j * COLUMNS + j];
    }
  }
  const w = right.slice();
  for (let t = 0; t < targets; t++) {
    for (let i = 0; i < COLUMNS; i++) {
      let sum = w[i * targets + t];
      for (let k = 0; k < i; k++) sum -= l[i * COLUMNS + k] * w[k * targets + t];
      w[i * targets + t] = sum / l[i * COLUMNS + i];
    }
    for (let i = COLUMNS - 1; i >= 0; i--) {
      let sum = w[i * targets + t];
      for (let k = i + 1; k < COLUMNS; k++) sum -= l[k * COLUMNS + i] * w[k * targets + t];
      w[i * targets + t] = sum / l[i * COLUMNS + i];
    }
  }
  return w;
}

function apply(weights: Float64Array, x: Float64Array, targets: number): Float64Array {
  const rows = x.length / FEATURES;
  const y = new Float64Array(rows * targets);
  for (let n = 0; n < rows; n++) {
    for (let t = 0; t < targets; t++) y[n * targets + t] = weights[FEATURES * targets + t];
    for (let i = 0; i < FEATURES; i++) {
      const value = x[n * FEATURES + i];
      for (let t = 0; t < targets; t++) y[n * targets + t] += value * weights[i * targets + t];
    }
  }
  return y;
}
