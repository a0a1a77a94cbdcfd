import { hostname } from 'node:os';
import type { Device } from 'wgrad';
import { DataWorkers } from '../node/train/dataWorkers.js';
import { Team } from '../train/team.js';
import { failRank } from './failRank.js';
import { failUnopened } from './failUnopened.js';
import { endAtOnce, INTERRUPTED, PATIENCE, untilInterrupt } from './interrupt.js';
import { openBackend } from './openBackend.js';
import { NO_RANKS, type OpenRanks, openRanks } from './openRanks.js';
import { say, sayNothing } from './say.js';
import { workerCount } from './trainingData.js';

/** Device, threads and the signal of Ctrl-C, which a training command uses. */
export interface TrainingMachine {
  readonly device: Device;
  readonly workers: DataWorkers | undefined;
  readonly signal: AbortSignal;
  /** The ranks that share the work: this one alone, unless `--distributed` was given. */
  readonly team: Team;
  /** How many of them are on this host, and share its memory and cores. */
  readonly ranksHere: number;
}

/** What the options name. */
export interface MachineOptions {
  /**
   * Checks the options of the command, and the files that they name, before a device is opened, and tells the device. Every
   * rank does so for itself.
   * @throws DataError naming the option that does not take what was typed
   */
  readonly prepare: (team: Team) => Promise<string>;
  readonly workers?: string;
  readonly distributed?: boolean;
}

/**
 * Opens what the options name, lets `use` work with it, and closes it again. The first Ctrl-C aborts the signal. Work
 * that has something to save then ends normally; if the abort is thrown instead, only the exit code is set. Of several
 * ranks, rank 0 speaks for all; a rank whose fault the others do not know of ends all of them.
 */
export async function withTrainingMachine(
  options: MachineOptions,
  use: (machine: TrainingMachine) => Promise<void>,
): Promise<void> {
  const ranks = options.distributed ? await openRanks().catch(failUnopened) : NO_RANKS;
  if (ranks.rank > 0) sayNothing();
  const { signal, release } = untilInterrupt(() => say('stopping after this step; Ctrl-C again exits at once'));
  const team = new Team(ranks, signal);
  try {
    await withMachine(options, team, ranks, use);
  } catch (error) {
    const isStop = [signal, team.signal].some(({ aborted, reason }) => aborted && error === reason);
    if (!isStop) return await failRank(team, ranks, error);
    say('stopped before the first step; there was nothing to save');
    process.exitCode = INTERRUPTED;
  } finally {
    release();
    await ranks.close();
  }
}

async function withMachine(
  { prepare, workers: threads }: MachineOptions,
  team: Team,
  ranks: OpenRanks,
  use: (machine: TrainingMachine) => Promise<void>,
): Promise<void> {
  const { signal } = team;
  const hosts = await team.gather(hostname());
  const ranksHere = hosts.filter((host) => host === hosts[team.rank]).length;
  const count = await team.all(() => workerCount(threads, ranksHere));
  const backend = await team.all(() => prepare(team));
  const device = await team.all(() => openBackend(backend));
  const workers = count > 0 ? new DataWorkers(count) : undefined;
  try {
    if (ranks.library) say(`${ranks.library}: ${team.size} ranks on ${[...new Set(hosts)].join(', ')}`);
    for (const text of new Set(await team.gather(device.description))) say(`device: ${text}`);
    await use({ device, workers, signal, team, ranksHere });
  } finally {
    const closed = workers?.close();
    if (signal.aborted) await leaveSoon(closed);
    else await closed;
    device.destroy();
  }
}

/** All is saved: a thread that waits for a disk that does not answer does not keep the process. */
async function leaveSoon(closed: Promise<void> | undefined): Promise<void> {
  if (!closed) return;
  const timer = setTimeout(endAtOnce, PATIENCE);
  await closed;
  clearTimeout(timer);
}
