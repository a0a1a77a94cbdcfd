import { DataError, DeviceError, ShapeError } from 'wgrad';
import type { Team } from '../train/team.js';
import type { OpenRanks } from './openRanks.js';

/** The exit code of a mistake in the user's input; 1 is kept for commands whose answer is "no". */
export const USER_ERROR = 2;

/** Whether an error is the user's to mend, so that its message says all. */
export const isExpected = (error: unknown): error is Error =>
  [DataError, DeviceError, ShapeError].some((kind) => error instanceof kind);

/**
 * Ends a rank that failed. Where all ranks know, rank 0 speaks for them and the others end with the same exit code. Where
 * the others do not, as when a device is lost in the middle of a step, they wait for this one and would do so for ever: it
 * says what happened and ends all of them.
 * @throws the error, for those who speak
 */
export async function failRank(team: Team, ranks: OpenRanks, error: unknown): Promise<void> {
  if (!team.isOver) {
    const text = isExpected(error) ? error.message : error instanceof Error ? (error.stack ?? error.message) : error;
    await new Promise((resolve) => process.stderr.write(`wgrad-pose: rank ${team.rank}: ${text}\n`, resolve));
    ranks.abort(isExpected(error) ? USER_ERROR : 1);
  }
  if (team.isFirst || !isExpected(error)) throw error;
  process.exitCode = USER_ERROR;
}
