// `tsx lab/scripts/siteResiduals.ts`: makes the residuals that the room Flow offers as a density: how far the labels of figures lie from
// where the network of the room Pose expects them.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpu, device as openDevice } from 'wgrad';
import { errorsOf, figures, jointsOf, parseWeightsFile, poseCheckpointOf, poseNetwork, predictPoses } from 'wgrad-pose';

const SOURCES = join(import.meta.dirname, '../src');
const FIGURES = 86;
/** Decimals that are kept. */
const UNIT = 100;

const path = join(SOURCES, 'pose/figures.safetensors');
const checkpoint = poseCheckpointOf(await parseWeightsFile(readFileSync(path), path), path);
const device = await openDevice().catch(cpu);
const { test } = figures({ train: 1, test: FIGURES });
const samples = await Promise.all(Array.from({ length: FIGURES }, (_, i) => test.sample(i)));
const { poses, error } = await predictPoses(
  samples.map(({ id, box }, i) => ({ path: id, id: i, people: [{ box, category: 1 }] })),
  {
    network: poseNetwork(device, checkpoint),
    conventions: checkpoint.conventions,
    schema: jointsOf(checkpoint),
    errors: await errorsOf(device, checkpoint),
    decode: async ({ id }) => samples[Number(id)].image,
    ...{ batch: 2, flipTest: false },
    onFailure(failure) {
      throw failure;
    },
  },
);
if (error) throw error;
const residuals = poses.flatMap(({ expected }, i) => {
  if (!expected) throw new Error(`${path}: a network without sigma`);
  const { mean, covariance } = expected;
  // Variances of x and y stand around their covariance.
  return Array.from(mean, (value, k) => {
    const variance = covariance[3 * (k >> 1) + 2 * (k % 2)];
    return Math.round((UNIT * (samples[i].joints[k] - value)) / Math.sqrt(variance));
  });
});
const target = join(SOURCES, 'flow/residuals.ts');
writeFileSync(
  target,
  `/**
 * How far labels of figures lie from where the network of the room Pose expects them, x and y in hundredths of the standard deviation
 * that it gives. Made by \`lab/scripts/siteResiduals.ts\`.
 */
export const RESIDUALS: readonly number[] = [${residuals.join(', ')}];
`,
);
process.stdout.write(`${target}: ${residuals.length / 2} residuals\n`);
