import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DataError } from 'wgrad';
import { counted, parseCheckpoint } from 'wgrad/io';
import { checkFolder, readBytes } from 'wgrad/io/node';
import type { Wire } from 'wgrad/ranks';
import type { PoseDataset } from '../dataset.js';
import { askedJoints } from '../node/askedJoints.js';
import { loadRun } from '../node/train/runFile.js';
import {
  type ClaimedFolder,
  checkNewFolder,
  claimNewFolder,
  claimRunFolder,
  lastCheckpoint,
  RUNS,
  type RunFolder,
  runFolder,
} from '../node/train/runFolder.js';
import { openRun } from '../node/train/runRecord.js';
import { readInitialWeights } from '../node/weightsFiles.js';
import { haveSameJoints } from '../schemas/known.js';
import { fitBaselines } from '../train/baselines.js';
import { withBatch } from '../train/batchSize.js';
import { checkSamples, resumeSession, type SavedRun, savedRunOf } from '../train/checkpointing.js';
import type { TrainConfig, TrainFlags } from '../train/config.js';
import { lossText, networkText } from '../train/configText.js';
import { factsOf } from '../train/dataFacts.js';
import { isGenerated } from '../train/dataSource.js';
import { withDims } from '../train/dims.js';
import { duration } from '../train/duration.js';
import { type InitialWeights, initFrom, initText, withNetworkOf } from '../train/initialWeights.js';
import { makeConfig } from '../train/makeConfig.js';
import { parseFlags } from '../train/options.js';
import { resumeConfig } from '../train/resumeConfig.js';
import { imagesText } from '../train/samples.js';
import { type Session, startSession } from '../train/session.js';
import { ofAllRanks, type Sharing, sharedBy } from '../train/shareConfig.js';
import type { Team } from '../train/team.js';
import { checkpointFile } from './checkpointFile.js';
import { INTERRUPTED } from './interrupt.js';
import { joinRanks } from './joinRanks.js';
import { checkBackend } from './openBackend.js';
import { type FinishedRun, overallScores, runToEnd } from './runToEnd.js';
import { say } from './say.js';
import { scoreTable } from './scoreTable.js';
import { loadTrainingData, openTrainingData } from './trainingData.js';
import { withTrainingMachine } from './trainingMachine.js';

/** The options as they are typed. */
export interface StartFlags extends TrainFlags {
  readonly backend: string;
  readonly resume?: string | true;
  readonly out?: string;
  readonly workers?: string;
  readonly eager?: boolean;
  readonly checkpoint?: boolean;
  readonly distributed?: boolean;
  readonly syncBatchNorm?: boolean;
  readonly wire?: Wire;
  readonly json?: boolean;
}

/** Runs `wgrad-pose start` from its flags to the report; sets the exit code if Ctrl-C stops it. */
export async function trainCommand({
  backend,
  resume,
  out,
  workers,
  eager,
  checkpoint,
  distributed,
  syncBatchNorm,
  wire,
  json,
  ...flags
}: StartFlags): Promise<void> {
  const began = performance.now();
  const { init } = flags;
  if (init !== undefined && resume !== undefined) {
    throw new DataError('--init and --resume: a resumed run has its weights already; give one of the two');
  }
  const alone = distributed ? undefined : syncBatchNorm ? '--sync-batch-norm' : wire && `--wire ${wire}`;
  if (alone) throw new DataError(`${alone}: for the ranks of a run with --distributed; one process has no others`);
  let initial: InitialWeights | undefined;
  let opened: PoseDataset | undefined;
  const prepare = async (team: Team) => {
    checkBackend(backend);
    parseFlags(flags);
    await askedJoints(flags);
    if (team.isFirst) {
      if (resume === undefined) await (out === undefined ? checkFolder(RUNS) : checkNewFolder(out));
      else if (out !== undefined) await checkFolder(out);
    }
    // What else is asked for, a run tells.
    if (resume === undefined) {
      if (init !== undefined) initial = await readInitialWeights(await checkpointFile(init));
      const asked = makeConfig(initial ? withNetworkOf(initial, flags) : flags, backend === 'cpu' ? 'cpu' : 'webgpu');
      checkMeans(asked, checkpoint, team);
      // The size of generated data depends on the device.
      if (!isGenerated(asked)) opened = await openTrainingData(asked, team.asked);
    }
    if (resume === undefined || !team.isFirst) return backend;
    const { device, config, path, progress } = await loadRun(await resumedCheckpoint(resume, out));
    resumeConfig(config, flags, path, progress.epoch, { size: team.size, syncBatchNorm });
    // A run goes on on the kind of device that it began on; ranks are started by their user, who may give each another.
    return backend === 'auto' && !distributed ? (device?.kind ?? backend) : backend;
  };
  await withTrainingMachine({ prepare, workers, distributed }, async (machine) => {
    const { device, workers, team } = machine;
    const sharing = { size: team.size, syncBatchNorm };
    const source = await team.told(async () => (resume === undefined ? null : resumedCheckpoint(resume, out)));
    let claimed: ClaimedFolder | undefined;
    try {
      // Claimed before it is read: two who go on with one run would else both read the same state.
      await team.first(async () => {
        if (source !== null && isOwnFolder(source, out)) claimed = await claimRunFolder(dirname(source));
      });
      const saved = source === null ? undefined : await loadSharedRun(team, source);
      const { dataset, config } = await team.all(async () => {
        const wanted = initial ? withNetworkOf(initial, flags) : flags;
        const asked = saved ? continued(saved, wanted, sharing) : ofAllRanks(makeConfig(wanted, device.kind), sharing);
        checkMeans(asked, checkpoint, team);
        const dataset = opened ?? (await openTrainingData(asked, team.asked));
        checkJoints(dataset, saved);
        if (saved) checkSamples(saved, dataset);
        return { dataset, config: saved ? asked : fitted(asked, wanted, dataset) };
      });
      const path = await team.told(async () => {
        claimed ??= await claimNewFolder(`${dataset.name}-${config.loss}`, out);
        return claimed.path;
      });
      const folder = claimed ?? runFolder(path);
      const data = await team.all(() => loadTrainingData(dataset, config, team.asked, machine, saved?.progress.broken));
      const session = await team.all(() => {
        const made = startSession(device, config, data, {
          batches: workers?.batches(data, config, { ...sharing, rank: team.rank }),
          eager,
          checkpoint,
          team,
          syncBatchNorm,
          wire,
        });
        if (saved) resumeSession(made, saved);
        if (initial) {
          made.learner = initFrom(made.learner, initial);
          say(initText(made.learner, initial));
        }
        return made;
      });
      await joinRanks(session, { '--sync-batch-norm': String(!!syncBatchNorm), '--wire': wire ?? 'float32' });
      await team.first(async () => {
        const header = {
          event: saved ? 'resume' : 'start',
          ...{ device: device.description, ranks: team.size, syncBatchNorm, wire, data: factsOf(dataset), config },
        } as const;
        for (const warning of await openRun(folder, header, saved)) say(`warning: ${warning}`);
      });
      const finished = await train(session, folder, began, team.signal);
      if (team.isFirst) print(session, folder, finished, json);
    } finally {
      await claimed?.claim.release();
    }
  });
}

/** @throws DataError for what only some networks, or only a run of one rank, can do */
function checkMeans({ model, skipBroken }: TrainConfig, checkpoint: boolean | undefined, { size }: Team): void {
  if (checkpoint && !model.startsWith('resnet')) {
    throw new DataError(
      `--checkpoint: for the blocks of a ResNet, got --model ${model}; --accumulate saves memory of any`,
    );
  }
  if (skipBroken > 0 && size > 1) {
    throw new DataError(
      `--skip-broken ${skipBroken}: of several ranks each would leave out other pictures; mend them, or train on one rank`,
    );
  }
}

/** The run in a file that rank 0 reads. */
async function loadSharedRun(team: Team, path: string): Promise<SavedRun> {
  const bytes = await team.bytes(() => readBytes(path));
  return team.all(() => savedRunOf(parseCheckpoint(bytes, path), path));
}

/** The configuration with which a run goes on. */
function continued({ config, path, progress }: SavedRun, wanted: TrainFlags, sharing: Sharing): TrainConfig {
  return sharedBy(resumeConfig(config, wanted, path, progress.epoch, sharing), sharing, say);
}

/** The configuration with what depends on the data, where it was not asked for. */
function fitted(config: TrainConfig, wanted: TrainFlags, dataset: PoseDataset): TrainConfig {
  const { length } = dataset.train;
  const sized = withBatch(withDims(config, wanted.dims !== undefined, dataset), wanted.batch !== undefined, length);
  if (sized.batch < config.batch) {
    say(
      `${dataset.name} has ${counted(length, 'training image')}: a step takes ${sized.batch} instead of ${config.batch}`,
    );
  }
  return sized;
}

/** Says what cannot be done with joints of which too little is known. @throws DataError where a run had other joints */
function checkJoints({ name, schema }: PoseDataset, saved: SavedRun | undefined): void {
  const before = saved?.schema;
  if (before && !haveSameJoints(before, schema)) {
    throw new DataError(
      `${saved.path}: the run has the joints of ${before.name}, and ${name} now those of ${schema.name}; give the data that it had`,
    );
  }
  if (schema.flipPairs) return;
  say(
    `${name}: which joints are left and which right is not known, so pictures are not mirrored; --joints FILE tells it`,
  );
}

/** The file that `--resume` means: itself, or the last checkpoint of a run's folder, by default `out` or the latest run's. */
async function resumedCheckpoint(resume: string | true, out: string | undefined): Promise<string> {
  if (resume === true) return lastCheckpoint(out);
  return (await stat(resume).catch(() => undefined))?.isDirectory() ? lastCheckpoint(resume) : resume;
}

/** A resumed run continues in its own folder, unless another one is asked for. */
function isOwnFolder(source: string, out: string | undefined): boolean {
  return out === undefined || resolve(out) === resolve(dirname(source));
}

/** Undefined if Ctrl-C came first. */
async function train(
  session: Session,
  folder: RunFolder,
  began: number,
  signal: AbortSignal,
): Promise<FinishedRun | undefined> {
  const { config, data, team } = session;
  for (const note of data.dataset.notes ?? []) say(note);
  say(
    `${data.dataset.name}: ${imagesText(data.train)}, ${data.test.length} held out; ` +
      `${networkText(config)}, loss ${lossText(config)}`,
  );
  if (session.progress.epoch >= config.epochs) {
    say(
      `its ${counted(config.epochs, 'epoch')} are over and nothing is left to train; --epochs N goes on to N of them`,
    );
  }
  const baselines = await team.all(() => fitBaselines(data, config.dims));
  const finished = await runToEnd(session, folder, baselines, began, signal);
  if (!finished) {
    say(`saved in ${folder.last}; go on with --resume ${folder.last}`);
    process.exitCode = INTERRUPTED;
  }
  return finished;
}

/** Prints the result on stdout: a table, or as JSON all that another program needs to continue. */
function print({ progress }: Session, folder: RunFolder, finished: FinishedRun | undefined, json = false): void {
  if (json) {
    const { path, last, best, log } = folder;
    // There is no best checkpoint before the first epoch is finished.
    const files = { last, best: existsSync(best) ? best : null, log, report: finished ? folder.report : null };
    const { step, broken, history: epochs } = progress;
    const left = broken.length > 0 ? { broken } : {};
    console.log(
      JSON.stringify({ finished: !!finished, folder: path, ...files, step, epochs, ...left, ...figures(finished) }),
    );
  } else if (finished) {
    const { report, seconds } = finished;
    console.log(scoreTable(report));
    console.log(`${duration(seconds)}; report: ${folder.report}`);
  }
}

function figures(finished: FinishedRun | undefined): object {
  if (!finished) return {};
  const { report, seconds } = finished;
  return { seconds, thresholds: report.thresholds, scores: overallScores(report) };
}
