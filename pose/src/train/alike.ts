import { DataError } from 'wgrad';
import type { Team } from './team.js';

/**
 * Makes sure that all ranks know the same facts: their versions, options and data.
 * @throws DataError, on all ranks, that names a rank with another fact, and both
 */
export async function checkAlike(team: Team, facts: Readonly<Record<string, string | number>>): Promise<void> {
  const all = (await team.gather(JSON.stringify(facts))).map((text) => JSON.parse(text) as typeof facts);
  await team.all(() => {
    for (const [rank, theirs] of all.entries()) {
      const name = Object.keys({ ...all[0], ...theirs }).find((key) => theirs[key] !== all[0][key]);
      if (name === undefined) continue;
      throw new DataError(
        `rank ${rank} has ${name} ${theirs[name]}, rank 0 has ${all[0][name]}; start all ranks with the same version, options and data`,
      );
    }
  });
}
