import { writeFileSync } from 'node:fs';
import { mul, packParameters, Rng, sum, type Tensor, valueAndGrad, webgpu } from 'wgrad';
import { adam, parameterCount } from 'wgrad/nn';
import { realNvp } from 'wgrad/rle';
import { type Communicator, communicator } from 'wgrad-mpi';
import { initLearner } from '../../pose/src/train/learner.js';
import { sharedTrainStep } from '../../pose/src/train/sharedStep.js';
import { Team } from '../../pose/src/train/team.js';
import { median } from '../quantile.js';
import { JOINTS, makeWorkload, randomBatch } from '../trainingStep.js';
import type { LinkTimes, StepTimes } from './report.js';

// What one rank of `npm run bench -- ranks` runs: `program.ts FILE ROUNDS`. Rank 0 writes the times.

const [file, rounds] = process.argv.slice(2);
const WARM_UP = 3;

const ranks = await communicator();
const device = await webgpu({ quiet: true });
const team = new Team(ranks);

/** A step that tells how long its exchange took. */
type Step = () => Promise<number>;

/** The ranks as a step sees them, with a clock at the exchange. */
class TimedTeam extends Team {
  ms = 0;

  override async mean(tree: unknown): Promise<void> {
    // What the step has queued is not part of the exchange.
    await device.finished();
    const began = performance.now();
    await super.mean(tree);
    await device.finished();
    this.ms = performance.now() - began;
  }
}

function resnet(model: string): [Step, count: number] {
  const workload = makeWorkload({ model, width: '64', size: '64', batch: '2' });
  const timed = new TimedTeam(ranks);
  const share = { rank: 0, size: 1 };
  const step = sharedTrainStep(device, { ...workload, share }, timed);
  const batch = randomBatch(workload);
  let learner = initLearner(device, workload, JOINTS);
  let at = 0;
  const count = parameterCount(learner.params);
  return [
    async () => {
      const next = await step(learner, batch, workload.lr, at++);
      next.loss.dispose();
      learner = next.learner;
      return timed.ms;
    },
    count,
  ];
}

function flow(): [Step, count: number] {
  const timed = new TimedTeam(ranks);
  const model = realNvp({ dims: 2 });
  let params = packParameters(model.init(new Rng(1), device));
  let state = adam.init(params);
  const x = device.tensor(
    Float32Array.from({ length: 2 * 4096 }, (_, i) => Math.sin(i)),
    [4096, 2],
  );
  const gradient = valueAndGrad((p: typeof params): Tensor => mul(sum(model.logProb(p, x)), -1 / 4096));
  const count = parameterCount(params);
  return [
    async () => {
      const [loss, gradients] = gradient(params);
      await timed.mean([gradients, loss]);
      [params, state] = adam.step(params, gradients, state, { lr: 1e-3 });
      loss.dispose();
      await device.finished();
      return timed.ms;
    },
    count,
  ];
}

async function time(name: string, [step, count]: [Step, number]): Promise<StepTimes> {
  const [times, exchanges]: number[][] = [[], []];
  let before = ranks.traffic;
  for (let round = -WARM_UP; round < Number(rounds); round++) {
    await ranks.barrier();
    if (round === 0) before = ranks.traffic;
    const began = performance.now();
    const exchange = await step();
    await device.finished();
    if (round < 0) continue;
    times.push(performance.now() - began);
    exchanges.push(exchange);
  }
  const after = ranks.traffic;
  return {
    name,
    parameters: count,
    ms: median(times),
    exchangeMs: median(exchanges),
    messages: (after.messages - before.messages) / Number(rounds),
    bytes: (after.bytes - before.bytes) / Number(rounds),
  };
}

/** MPI alone: a number, and 16 MB. */
async function links(all: Communicator): Promise<LinkTimes> {
  const each = async (length: number, repeats: number) => {
    const values = new Float32Array(length);
    const times: number[] = [];
    for (let i = 0; i < repeats; i++) {
      await all.barrier();
      const began = performance.now();
      await all.allReduce(values, 'sum');
      times.push(performance.now() - began);
    }
    return median(times);
  };
  return { smallMs: await each(1, 200), largeMs: await each(2 ** 22, 15) };
}

const steps = [
  await time('ResNet-18', resnet('resnet18')),
  await time('ResNet-50', resnet('resnet50')),
  await time('flow', flow()),
];
const link = await links(ranks);
if (team.isFirst) {
  writeFileSync(
    file,
    JSON.stringify({ ranks: ranks.size, library: ranks.library, device: device.description, steps, link }),
  );
}
device.destroy();
await ranks.close();
