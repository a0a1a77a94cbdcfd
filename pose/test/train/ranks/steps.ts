import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpu, tensorsOf, webgpu } from 'wgrad';
import { downloadState } from 'wgrad/io';
import { scheduleOf } from '../../../src/train/learningRate.js';
import { ALONE, type Ranks } from '../../../src/train/ranks.js';
import { startSession } from '../../../src/train/session.js';
import { Team } from '../../../src/train/team.js';
import { TINY, tinyData } from '../runs.js';

// Takes steps with the other ranks, if there are any, and writes losses and weights: `steps.ts FOLDER OPTIONS`.

interface Options {
  readonly backend: 'cpu' | 'webgpu';
  readonly steps: number;
  readonly config: Partial<typeof TINY>;
  readonly alone?: boolean;
  readonly eager?: boolean;
  readonly checkpoint?: boolean;
  readonly syncBatchNorm?: boolean;
  readonly wire?: 'float16';
}

const [folder, text] = process.argv.slice(2);
const { backend, steps, config: changed, alone, ...how } = JSON.parse(text) as Options;
const ranks: Ranks & { close?(): Promise<void> } = alone ? ALONE : await (await import('wgrad-mpi')).communicator();
const device = backend === 'cpu' ? cpu() : await webgpu({ quiet: true });
const config = { ...TINY, figures: 16, ...changed };
const session = startSession(device, config, await tinyData(), { ...how, team: new Team(ranks) });
const rate = scheduleOf(config, session.batches.length);
const losses: number[] = [];
for (let step = 0; step < steps; step++) {
  const [epoch, index] = [Math.floor(step / session.batches.length), step % session.batches.length];
  const { loss, learner } = await session.step(
    session.learner,
    await session.batches.at(epoch, index),
    rate(step),
    step,
  );
  losses.push(await loss.item());
  loss.dispose();
  session.learner = learner;
}
const { params, optimizer } = session.learner;
const weights = [...(await downloadState([params, optimizer])).values()].map(({ data }) => Array.from(data, Number));
writeFileSync(
  join(folder, `${ranks.rank}.json`),
  JSON.stringify({ losses, weights, tensors: tensorsOf(session.learner).length }),
);
device.destroy();
await ranks.close?.();
