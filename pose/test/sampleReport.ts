import { Rng } from 'wgrad';
import { type UncertaintyScore, uncertaintyScore } from '../src/metrics/uncertaintyScore.js';
import { densityGrid } from '../src/report/densityGrid.js';
import type { Example, RunReport, Score } from '../src/report/runReport.js';
import { lsp14 } from '../src/schema.js';

const K = lsp14.joints.length;

/** A standing figure in the 14 joints of LSP, in crop units from the top left. */
const STANDING = [
  [0.4, 0.95, 0.4, 0.75, 0.42, 0.54, 0.56, 0.54, 0.6, 0.74, 0.6, 0.94],
  [0.2, 0.52, 0.28, 0.4, 0.38, 0.26, 0.62, 0.26, 0.7, 0.12, 0.86, 0.06, 0.5, 0.22, 0.5, 0.05],
].flat();

function example(rng: Rng, id: string): Example {
  const [width, height] = [48, 64];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => 90 + ((i / 3) % width) * 2 + rng.int(12));
  const label = STANDING.map((v, i) => v * (i % 2 === 0 ? width : height));
  const ellipses = Array.from({ length: K }, (_, k) => {
    const [major, minor] = [2 + 3 * rng.uniform(), 1 + rng.uniform()];
    return {
      x: label[2 * k] + rng.normal(),
      y: label[2 * k + 1] + rng.normal(),
      major,
      minor,
      angle: 3 * rng.uniform(),
    };
  });
  const predicted = ellipses.flatMap(({ x, y }) => [x + 0.2, y - 0.3]);
  const weights = new Array<number>(K).fill(1);
  return { id, image: { width, height, data }, predicted, ellipses, label, weights, error: 0.05, correct: 0.7 };
}

function score(name: string, pck: number[], meanError: number, variety: number, uncertainty?: UncertaintyScore): Score {
  const values = (base: number) => lsp14.joints.map((_, k) => Math.max(0.01, base * (1 + variety * Math.sin(2.3 * k))));
  const spread = uncertainty && values(meanError * 0.9);
  return { name, pck, meanError, uncertainty, perJoint: { pck: values(pck[1]), meanError: values(meanError), spread } };
}

/** A mixture of a narrow slanted core and wide tails, as residuals of poses have. */
function logProb(residuals: Float32Array): Float64Array {
  const gauss = (x: number, y: number, s: number, r: number) =>
    Math.exp(-(x * x - 2 * r * x * y + y * y) / (2 * s * s * (1 - r * r))) /
    (2 * Math.PI * s * s * Math.sqrt(1 - r * r));
  return Float64Array.from({ length: residuals.length / 2 }, (_, i) => {
    const [x, y] = [residuals[2 * i], residuals[2 * i + 1]];
    return Math.log(0.7 * gauss(x, y, 0.09, 0.45) + 0.25 * gauss(x, 0.7 * y, 0.25, 0.2) + 0.05 * gauss(x, y, 0.6, 0));
  });
}

/** A report of a run that never was, with every section filled. */
export async function sampleReport(): Promise<RunReport> {
  const rng = new Rng(2021);
  const spread = Float64Array.from({ length: 4000 }, () => 0.02 * Math.exp(0.7 * rng.normal() + 0.6));
  const error = spread.map((s) => {
    const outlier = rng.uniform() < 0.06 ? 3 : 0.95;
    return s * outlier * Math.hypot(rng.normal(), rng.normal()) * Math.SQRT1_2;
  });
  // A little too sure of itself.
  const u = Float64Array.from({ length: 2 * spread.length }, () => (1 - Math.cos(Math.PI * rng.uniform())) / 2);
  const within = u.filter((_, i) => i % 2 === 0);
  const widths = u.map((_, i) => 2.2 * spread[i >> 1]);
  const uncertainty = uncertaintyScore({ u, within, widths, expected: spread, distances: error });
  const examples = Array.from({ length: 12 }, (_, i) => example(rng, `test ${i}`));
  return {
    title: 'Generated figures with RLE',
    summary: 'A slim ResNet-18, trained on generated figures with residual log-likelihood estimation.',
    facts: [
      { label: 'Device', value: 'llvmpipe (LLVM 19, 256 bits), Vulkan' },
      { label: 'Data', value: '12,000 generated figures, 500 held out' },
      { label: 'Network', value: 'ResNet-18, width 16' },
      { label: 'Parameters', value: '753,912' },
      { label: 'Loss', value: 'rle (official form)' },
      { label: 'Optimiser', value: 'Adam, 1e-3, x 0.1 at epochs 8, 11' },
      { label: 'Batch', value: '32' },
      { label: 'Seed', value: '1' },
      { label: 'Time', value: '3 min 42 s' },
      { label: 'Speed', value: '64.8 images/s' },
    ],
    schema: lsp14,
    thresholds: [0.1, 0.2, 0.5],
    mainThreshold: 0.2,
    network: score('network', [0.412, 0.724, 0.931], 0.0412, 0.18, uncertainty),
    baselines: [
      score('mean pose', [0.048, 0.198, 0.672], 0.1409, 0.8),
      score('ridge regression', [0.094, 0.291, 0.741], 0.1203, 0.6),
    ],
    epochs: Array.from({ length: 12 }, (_, i) => ({
      epoch: i + 1,
      trainLoss: -8 + 55 * Math.exp(-0.42 * i) + rng.normal(),
      validLoss: -5 + 53 * Math.exp(-0.4 * i) + 1.5 * rng.normal(),
      pck: 0.724 - 0.5 * Math.exp(-0.35 * i) + 0.01 * rng.normal(),
    })),
    gallery: examples.slice(0, 6),
    ranked: { best: examples.slice(0, 4), median: examples.slice(4, 8), worst: examples.slice(8) },
    uncertainty: { spread, error, ellipseMass: 0.46 },
    density: await densityGrid(logProb, [0, 0], [0.2, 0.24]),
  };
}
