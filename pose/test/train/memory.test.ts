import { expect, test } from 'vitest';
import { cpu, type Device, webgpu } from 'wgrad';
import { BACKENDS } from '../../../test/backends.js';
import { TrainingBatches } from '../../src/train/batches.js';
import type { TrainConfig } from '../../src/train/config.js';
import { initLearner, trainStep } from '../../src/train/learner.js';
import { endSession, startSession } from '../../src/train/session.js';
import { TINY, tinyData } from './runs.js';

/** The reference, which has no pool, is slow and shows a leak as soon; a flow at hundreds of nodes is slower. */
const STEPS = { cpu: 200, webgpu: 1000 };
const FEW = { cpu: 13, webgpu: 60 };
/** The pool has met every size, the caches are full. */
const SETTLED = 10;

const CASES = [
  ['laplace', { loss: 'laplace' }, STEPS],
  ['log s by draws', { logS: 'importance' }, FEW],
  ['log s on a grid', { logS: 'jitteredGrid', q: 'logistic' }, FEW],
  ['heatmap', { loss: 'heatmap', head: 'heatmap' }, FEW],
  ['dsnt', { loss: 'dsnt', head: 'integral' }, FEW],
] as const;

/** A device for each test: what another left behind would become garbage, and the pool's, while this one counts. */
const openFresh = { reference: async (): Promise<Device> => cpu(), GPU: (): Promise<Device> => webgpu() } as const;
const freshOf = ({ name }: (typeof BACKENDS)[number]) => openFresh[name as keyof typeof openFresh]();

const ALL = BACKENDS.flatMap((backend) => CASES.map(([name, options, steps]) => ({ backend, name, options, steps })));

test.each(ALL)('$backend.name, $name: many steps hold as much memory as ten', async ({ backend, options, steps }) => {
  const device = await freshOf(backend);
  const config: TrainConfig = { ...TINY, batch: 2, ...options };
  const batches = new TrainingBatches(await tinyData(), config);
  let learner = initLearner(device, config, 14);
  let settled: object | undefined;
  for (let step = 0; step < steps[device.kind]; step++) {
    const next = trainStep(device, config, learner, await batches.at(0, step % batches.length), 1e-3, step);
    learner = next.learner;
    const value = step % 50 === 0 || step === SETTLED ? await next.loss.item() : undefined;
    next.loss.dispose();
    expect(value ?? 0).toBeLessThan(Number.POSITIVE_INFINITY);
    if (step === SETTLED) settled = countsOf(device);
  }
  await device.finished();
  expect(countsOf(device)).toEqual(settled);
  device.destroy();
});

test.each(BACKENDS)('$name: a session that has ended leaves its memory to the next', async (backend) => {
  const device = await freshOf(backend);
  const config = { ...TINY, loss: 'laplace' } as const;
  const data = await tinyData();
  let running = 0;
  for (let run = 0; run < 3; run++) {
    const session = startSession(device, config, data);
    // Enough for the step to be recorded, on a device that records.
    for (let step = 0; step < 5; step++) {
      const { loss, learner } = await session.step(session.learner, await session.batches.at(0, 0), 1e-3, step);
      session.learner = learner;
      expect(await loss.item()).toBeLessThan(Number.POSITIVE_INFINITY);
      loss.dispose();
    }
    running = device.memory().live.bytes;
    endSession(session);
    await device.finished();
  }
  // The optimiser's table of rules, a float for 30 parameters, goes when the arena is garbage.
  expect(device.memory().live.bytes).toBeLessThan(running / 10);
  device.destroy();
});

/** All that a step could leave behind. */
function countsOf(device: Device): object {
  const { pipelines, bindGroups } = device.stats();
  return { ...device.memory(), pipelines, bindGroups };
}
