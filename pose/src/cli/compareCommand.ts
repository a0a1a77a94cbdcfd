import { join } from 'node:path';
import type { Device } from 'wgrad';
import { checkFolder, writeFileAtomic } from 'wgrad/io/node';
import { mergeBroken } from '../brokenPictures.js';
import type { PoseDataset } from '../dataset.js';
import { askedJoints } from '../node/askedJoints.js';
import { baselineScore, type Comparison, summarise } from '../node/compare/comparison.js';
import { type Cost, costOf } from '../node/compare/cost.js';
import { measureLatency } from '../node/compare/latency.js';
import { type PlannedRun, planRuns } from '../node/compare/plan.js';
import { renderComparison } from '../node/compare/renderComparison.js';
import { parseRows, parseSeeds, type RowName, rowOf } from '../node/compare/rows.js';
import { writeResult } from '../node/compare/runResult.js';
import { curveOf, resultOf } from '../node/compare/scoreRun.js';
import { claimFolder } from '../node/train/folderClaim.js';
import { loadRun } from '../node/train/runFile.js';
import { claimRunFolder, RUNS } from '../node/train/runFolder.js';
import { openRun } from '../node/train/runRecord.js';
import { readInitialWeights } from '../node/weightsFiles.js';
import { type Baselines, fitBaselines } from '../train/baselines.js';
import { resumeSession } from '../train/checkpointing.js';
import type { TrainConfig, TrainFlags } from '../train/config.js';
import { factsOf } from '../train/dataFacts.js';
import { isGenerated } from '../train/dataSource.js';
import { type InitialWeights, initFrom, withNetworkOf } from '../train/initialWeights.js';
import { makeConfig } from '../train/makeConfig.js';
import { parseFlags } from '../train/options.js';
import type { LoadedData } from '../train/samples.js';
import { endSession, type Session, startSession } from '../train/session.js';
import type { Team } from '../train/team.js';
import { DivergedError } from '../train/trainEpoch.js';
import { checkpointFile } from './checkpointFile.js';
import { comparisonTable } from './comparisonTable.js';
import { INTERRUPTED } from './interrupt.js';
import { checkBackend } from './openBackend.js';
import { runToEnd } from './runToEnd.js';
import { say } from './say.js';
import { loadTrainingData, openTrainingData } from './trainingData.js';
import { type TrainingMachine, withTrainingMachine } from './trainingMachine.js';

/** The options as they are typed. */
export interface CompareFlags extends Omit<TrainFlags, 'loss' | 'head' | 'q' | 'logS' | 'seed'> {
  readonly rows?: string;
  readonly seeds?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly backend: string;
  readonly workers?: string;
  readonly eager?: boolean;
}

/** What all runs of a comparison share. */
interface Workshop extends TrainingMachine {
  readonly data: LoadedData;
  readonly baselines: Baselines;
  readonly eager: boolean | undefined;
  /** The weights that every run starts from; undefined: random weights of each run's seed. */
  readonly initial: InitialWeights | undefined;
}

/** Runs `wgrad-pose compare` from its flags to the table and the report; sets the exit code if Ctrl-C stops it. */
export async function compareCommand({
  backend,
  workers,
  eager,
  rows: names,
  seeds,
  out,
  json,
  ...shared
}: CompareFlags): Promise<void> {
  const [rows, numbers] = [parseRows(names), parseSeeds(seeds)];
  const { init } = shared;
  const configsFor = (flags: TrainFlags, kind: Device['kind']) =>
    new Map(rows.map((row) => [row, makeConfig({ ...flags, ...rowOf(row).flags }, kind)]));
  let initial: InitialWeights | undefined;
  let opened: PoseDataset | undefined;
  const prepare = async ({ asked: signal }: Team) => {
    checkBackend(backend);
    parseFlags(shared);
    await askedJoints(shared);
    await checkFolder(out ?? RUNS);
    if (init !== undefined) initial = await readInitialWeights(await checkpointFile(init));
    const [config] = configsFor(
      initial ? withNetworkOf(initial, shared) : shared,
      backend === 'cpu' ? 'cpu' : 'webgpu',
    ).values();
    // The size of generated data depends on the device.
    if (!isGenerated(config)) opened = await openTrainingData(config, signal);
    return backend;
  };
  await withTrainingMachine({ prepare, workers }, async (machine) => {
    const { device, signal } = machine;
    const configs = configsFor(initial ? withNetworkOf(initial, shared) : shared, device.kind);
    const configOf = (row: RowName) => configs.get(row) as TrainConfig;
    const dataset = opened ?? (await openTrainingData(configOf(rows[0]), signal));
    const folder = out ?? join(RUNS, `compare-${dataset.name}`);
    const claim = await claimFolder(folder);
    try {
      const runs = await planRuns(rows, numbers, folder, configOf, dataset);
      const data = await loadTrainingData(dataset, configOf(rows[0]), signal, machine);
      const shop: Workshop = { ...machine, data, eager, initial, baselines: await fitBaselines(data) };
      const joints = dataset.schema.joints.length;
      const costs = new Map(rows.map((row) => [row, costOf(configOf(row), joints)] as const));

      for (const [i, run] of runs.entries()) {
        if (run.result) continue;
        say(`run ${i + 1} of ${runs.length}: ${run.row}, seed ${run.seed}`);
        if (!(await runOne(run, shop))) return stopped(runs);
        await save(folder, compared(runs, shop, costs));
      }
      const latencies = await measureLatency(device, configs, data, signal);
      if (!latencies) return stopped(runs);
      const withTimes = new Map(
        [...costs].map(([row, cost]) => [row, { ...cost, latency: latencies.get(row) }] as const),
      );
      const comparison = compared(runs, shop, withTimes);
      const report = await save(folder, comparison);
      console.log(json ? JSON.stringify(comparison) : `${comparisonTable(comparison)}\nreport: ${report}`);
    } finally {
      await claim.release();
    }
  });
}

/** Trains a run from where it stands, scores it and saves the result; false if Ctrl-C stopped it. */
async function runOne(run: PlannedRun, shop: Workshop): Promise<boolean> {
  const { config } = run;
  const { device, baselines, workers, eager, initial, signal } = shop;
  if (signal.aborted) return false;
  const began = performance.now();
  const folder = await claimRunFolder(run.folder.path);
  let session: Session | undefined;
  try {
    const saved = run.begun ? await loadRun(folder.last) : undefined;
    const broken = mergeBroken(saved?.progress.broken ?? [], shop.data.broken ?? []);
    const data = { ...shop.data, broken };
    session = startSession(device, config, data, { batches: workers?.batches(data, config), eager });
    if (saved) resumeSession(session, saved);
    else if (initial) session.learner = initFrom(session.learner, initial);
    const facts = factsOf(data.dataset);
    const header = { event: saved ? 'resume' : 'start', device: device.description, data: facts, config } as const;
    for (const warning of await openRun(folder, header, saved)) say(`warning: ${warning}`);
    const finished = await runToEnd(session, folder, baselines, began, signal);
    if (!finished) return false;
    run.result = resultOf(session, finished.evaluation);
    await writeResult(folder, run.result);
  } catch (error) {
    if (!(error instanceof DivergedError && session)) throw error;
    say(`${run.row}, seed ${run.seed}: ${error.message}`);
    const facts = factsOf(shop.data.dataset);
    run.result = { config, data: facts, curve: curveOf(session), diverged: error.message };
    await writeResult(folder, run.result);
  } finally {
    if (session) endSession(session);
    await folder.claim.release();
  }
  return true;
}

function compared(
  runs: readonly PlannedRun[],
  { data: { dataset, train, test }, device, baselines }: Workshop,
  costs: ReadonlyMap<RowName, Cost>,
): Comparison {
  const { meanPose, ridge } = baselines;
  return summarise(
    runs,
    {
      data: { name: dataset.name, schema: dataset.schema, train: train.length, test: test.length },
      device: device.description,
      baselines: [baselineScore('mean pose', meanPose), ...(ridge ? [baselineScore('ridge regression', ridge)] : [])],
    },
    costs,
  );
}

/** Writes `compare.json` and the report of the runs that are finished. */
async function save(folder: string, comparison: Comparison): Promise<string> {
  const report = join(folder, 'report.html');
  await writeFileAtomic(join(folder, 'compare.json'), `${JSON.stringify(comparison, null, 1)}\n`);
  await writeFileAtomic(report, renderComparison(comparison));
  return report;
}

function stopped(runs: readonly PlannedRun[]): void {
  const done = runs.filter(({ result }) => result).length;
  say(`saved; runs done: ${done} of ${runs.length}. Go on with the same command`);
  process.exitCode = INTERRUPTED;
}
