import { writeFileSync } from 'node:fs';
import { capture, mul, packParameters, Rng, sum, type Tensor, tensorsOf, valueAndGrad, webgpu } from 'wgrad';
import { adam, parameterCount } from 'wgrad/nn';
import { addHalves, distributed, HALVES_OF_SCALE, packHalves, unpackHalves, type Wire } from 'wgrad/ranks';
import { realNvp } from 'wgrad/rle';
import { type Communicator, communicator } from 'wgrad-mpi';
import { capturedTrainStep, initLearner, type TrainStep } from '../../pose/src/train/learner.js';
import { sharedTrainStep } from '../../pose/src/train/sharedStep.js';
import { Team } from '../../pose/src/train/team.js';
import { median } from '../quantile.js';
import { JOINTS, makeWorkload, randomBatch } from '../trainingStep.js';
import type { LinkTimes, RanksTimes, StepTimes } from './report.js';

// What one rank of `npm run bench -- ranks` runs: `program.ts FILE ROUNDS ONLY`. Rank 0 writes the times.

const [file, rounds, only] = process.argv.slice(2);
const WARM_UP = 3;

const ranks = await communicator();
const device = await webgpu({ quiet: true });
const ALL = new Team(ranks);
/** The same ranks, none of which sends anything while its device computes. */
const WAITING = new Team({
  ...{ rank: ranks.rank, size: ranks.size },
  allReduce: async (...args) => {
    await device.finished();
    await ranks.allReduce(...args);
  },
  allReduceNow: (...args) => ranks.allReduceNow(...args),
  broadcast: (values) => ranks.broadcast(values),
  gather: (text) => ranks.gather(text),
});

/** A step together with the other ranks, and the same computation by this one alone, each of which resolves when it is done. */
interface Pair {
  readonly parameters: number;
  together(): Promise<void>;
  alone(): Promise<void>;
}

interface Exchange {
  readonly wire?: Wire;
  readonly syncBatchNorm?: boolean;
  readonly team?: Team;
}

function resnet(model: string, { team = ALL, ...how }: Exchange = {}): Pair {
  const workload = makeWorkload({ model, width: '64', size: '64', batch: '2' });
  const batch = randomBatch(workload);
  const share = { rank: 0, size: 1, syncBatchNorm: how.syncBatchNorm ?? false };
  const runOf = (step: TrainStep) => {
    let learner = initLearner(device, workload, JOINTS);
    let at = 0;
    return async () => {
      const next = await step(learner, batch, workload.lr, at++);
      next.loss.dispose();
      learner = next.learner;
      await device.finished();
    };
  };
  const shared = sharedTrainStep(device, { ...workload, share }, team, how);
  const learner = initLearner(device, workload, JOINTS);
  const parameters = parameterCount(learner.params);
  for (const t of tensorsOf(learner)) t.dispose();
  return { parameters, together: runOf(shared), alone: runOf(capturedTrainStep(device, workload)) };
}

function flow(): Pair {
  const model = realNvp({ dims: 2 });
  const x = device.tensor(
    Float32Array.from({ length: 2 * 4096 }, (_, i) => Math.sin(i)),
    [4096, 2],
  );
  const packed = () => packParameters(model.init(new Rng(1), device));
  type Params = ReturnType<typeof packed>;
  const toGradients = (params: Params, input: Tensor) => {
    const gradient = valueAndGrad((p: Params): Tensor => mul(sum(model.logProb(p, input)), -1 / 4096));
    const [loss, gradients] = gradient(params);
    return { state: params, summed: { loss, gradients } };
  };
  const runOf = (first: (params: Params, input: Tensor) => Awaitable<ReturnType<typeof toGradients>>) => {
    let params = packed();
    let state = adam.init(params);
    return async () => {
      const { state: reached, summed } = await first(params, x);
      [params, state] = adam.step(reached, summed.gradients, state, { lr: 1e-3 });
      summed.loss.dispose();
      await device.finished();
    };
  };
  const params = packed();
  const parameters = parameterCount(params);
  for (const t of tensorsOf(params)) t.dispose();
  return { parameters, together: runOf(distributed(ranks, toGradients)), alone: runOf(capture(toGradients)) };
}

type Awaitable<T> = T | Promise<T>;

async function time(name: string, { parameters, together, alone }: Pair): Promise<StepTimes> {
  const [times, alones]: number[][] = [[], []];
  let [messages, bytes] = [0, 0];
  const timed = async (run: () => Promise<void>) => {
    await ranks.barrier();
    const began = performance.now();
    await run();
    return performance.now() - began;
  };
  for (let round = -WARM_UP; round < Number(rounds); round++) {
    const before = ranks.traffic;
    const ms = await timed(together);
    const after = ranks.traffic;
    const aloneMs = await timed(alone);
    if (round < 0) continue;
    times.push(ms);
    alones.push(aloneMs);
    messages = after.messages - before.messages;
    bytes = after.bytes - before.bytes;
  }
  const rows = { parameters, ms: median(times), aloneMs: median(alones), messages, bytes };
  return { name, ranks: ranks.size, rounds: Number(rounds), ...rows };
}

/** Bytes that MPI reduces by themselves. */
const LENGTHS = [1, 2 ** 10, 2 ** 14, 2 ** 18, 2 ** 22];

/** MPI alone, and the host's passes over a piece: the fastest of many, since other programs can only make them slower. */
async function linkTimes(all: Communicator): Promise<LinkTimes> {
  const fastest = async (repeats: number, run: () => Awaitable<unknown>) => {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < repeats; i++) {
      await all.barrier();
      const began = performance.now();
      await run();
      best = Math.min(best, performance.now() - began);
    }
    return best;
  };
  const reduces = [];
  for (const length of LENGTHS) {
    const values = new Float32Array(length).fill(1 / 3);
    const repeats = length > 2 ** 16 ? 20 : 200;
    const ms = await fastest(repeats, () => all.allReduce(values, 'sum'));
    const halfMs = await fastest(repeats, () => all.allReduce(values, 'sum', { wire: 'float16' }));
    reduces.push({ bytes: values.byteLength, ms, halfMs });
  }
  const [from, to] = [new Float32Array(2 ** 22).fill(1 / 3), new Float32Array(2 ** 22)];
  // Short enough to run undisturbed now and then; none of it waits for memory.
  const PARTS = 64;
  const part = from.subarray(0, from.length / PARTS);
  const halves = new Uint16Array(HALVES_OF_SCALE + part.length);
  const sums = new Float64Array(part.length);
  const inParts = async (run: () => void) => PARTS * (await fastest(200, run));
  return {
    ranks: all.size,
    reduces,
    copyMs: await fastest(50, () => to.set(from)),
    packMs: await inParts(() => packHalves(part, halves)),
    addMs: await inParts(() => addHalves(halves, sums)),
    unpackMs: await inParts(() => unpackHalves(halves, to.subarray(0, part.length))),
  };
}

const STEPS: Record<string, () => Pair> = {
  'ResNet-18': () => resnet('resnet18'),
  'ResNet-50': () => resnet('resnet50'),
  'ResNet-50, no overlap': () => resnet('resnet50', { team: WAITING }),
  'ResNet-50, float16': () => resnet('resnet50', { wire: 'float16' }),
  'ResNet-50, batch norms of all': () => resnet('resnet50', { syncBatchNorm: true }),
  flow,
};
const measured: StepTimes[] = [];
for (const [name, pair] of Object.entries(STEPS)) {
  // A whole name means that step alone, not those whose names begin with it.
  if (only in STEPS ? name === only : name.includes(only)) measured.push(await time(name, pair()));
}
const { description } = device;
device.destroy();
const links = 'links'.includes(only) ? [await linkTimes(ranks)] : [];
if (ALL.isFirst) {
  const times: RanksTimes = { library: `${ranks.library}`, device: description, steps: measured, links };
  writeFileSync(file, JSON.stringify(times));
}
await ranks.close();
