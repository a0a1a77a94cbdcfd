import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { checkAlike } from '../../src/train/alike.js';
import { ofAllRanks, sharedBy, timesRanks } from '../../src/train/shareConfig.js';
import { Team } from '../../src/train/team.js';
import { ranksInMemory } from './ranks/ranksInMemory.js';
import { TINY } from './runs.js';

/** What becomes of the same program on all ranks. */
function together<T>(size: number, program: (team: Team, stop: AbortController) => Promise<T>) {
  const stops = Array.from({ length: size }, () => new AbortController());
  const teams = ranksInMemory(size).map((ranks, i) => new Team(ranks, stops[i].signal));
  return Promise.allSettled(teams.map((team, i) => program(team, stops[i])));
}

const reasons = (outcomes: PromiseSettledResult<unknown>[]) =>
  outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error).message : outcome.value));

describe('ranks', () => {
  test('hear what rank 0 finds out, and the bytes that it reads', async () => {
    const outcomes = await together(3, async (team) => {
      const asked = [team.rank];
      const found = await team.told(async () => asked.map((rank) => ({ rank, none: null })));
      const bytes = await team.bytes(async () => Uint8Array.of(3, 1, 4 + team.rank));
      const sum = Float64Array.of(team.rank, 1);
      await team.sum(undefined, sum);
      return [found, Array.from(bytes), Array.from(sum), team.isOver];
    });
    expect(reasons(outcomes)).toEqual(Array(3).fill([[{ rank: 0, none: null }], [3, 1, 4], [3, 3], false]));
  });

  test('all fail where one does, and are told which and why', async () => {
    const outcomes = await together(4, async (team) => {
      await team.all(() => {
        if (team.rank > 1) throw new DataError(`no such folder as /data/${team.rank}`);
      });
    });
    const said = 'rank 2 (as do ranks 3): no such folder as /data/2';
    expect(reasons(outcomes)).toEqual(Array(4).fill(said));
    for (const outcome of outcomes) expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(DataError);
  });

  test('that all fail throw what they have; a bug is thrown as it is where it happened', async () => {
    const same = await together(2, (team) => team.all(() => Promise.reject(new DataError('--batch 0: expected more'))));
    expect(reasons(same)).toEqual(Array(2).fill('--batch 0: expected more'));
    const [first, second] = await together(2, (team) =>
      team.first(async () => {
        throw new TypeError('x is undefined');
      }),
    );
    expect((first as PromiseRejectedResult).reason).toEqual(new TypeError('x is undefined'));
    expect((second as PromiseRejectedResult).reason).toEqual(new DataError('rank 0: x is undefined'));
  });

  test('stop at the same place where one is asked to, and can still write', async () => {
    const outcomes = await together(3, async (team, stop) => {
      let steps = 0;
      let isOver = false;
      try {
        for (; ; steps++) {
          await team.all(() => {
            if (steps === 5 && team.rank === 1) stop.abort();
          });
        }
      } catch (error) {
        isOver = error === team.signal.reason && team.signal.aborted && team.isOver;
      }
      let written = 0;
      await team.first(async () => void written++);
      return [steps, isOver, written];
    });
    expect(reasons(outcomes)).toEqual([
      [5, true, 1],
      [5, true, 0],
      [5, true, 0],
    ]);
  });

  test.each([
    [{ version: '0.2.0' }, 'rank 1 has version 0.2.0, rank 0 has 0.1.0; start all ranks with the same version'],
    [{ '--lr': '0.1' }, 'rank 1 has --lr 0.1, rank 0 has 0.001; '],
    [{ 'training images:': 9 }, 'rank 1 has training images: 9, rank 0 has 10; '],
    [{ '--later': 1 }, 'rank 1 has --later 1, rank 0 has undefined; '],
  ])('that are not alike are told in what: %o', async (other, said) => {
    const facts = { version: '0.1.0', '--lr': '0.001', 'training images:': 10 };
    const outcomes = await together(2, (team) => checkAlike(team, team.rank === 1 ? { ...facts, ...other } : facts));
    for (const text of reasons(outcomes)) expect(text).toContain(said);
    expect(reasons(await together(2, (team) => checkAlike(team, facts)))).toEqual([undefined, undefined]);
  });

  test('one alone does no more than it is asked', async () => {
    const stop = new AbortController();
    const team = new Team(undefined, stop.signal);
    stop.abort();
    expect(await team.all(async () => 3)).toBe(3);
    expect([team.isFirst, team.isOver, team.signal.aborted]).toEqual([true, true, true]);
  });
});

describe('the configuration of several ranks', () => {
  test('has the images of all in a step, in as many parts', () => {
    expect(ofAllRanks({ ...TINY, batch: 4, accumulate: 2 }, { size: 3 })).toEqual({
      ...TINY,
      batch: 12,
      accumulate: 6,
    });
    expect(() => ofAllRanks({ ...TINY, batch: 2048 }, { size: 3 })).toThrow(
      '--batch 2048: 3 ranks make a step of 6144 images, more than a run may have; give fewer',
    );
    expect(timesRanks({ batch: 4, lr: 1 }, { size: 3 })).toEqual({ batch: 12, lr: 1 });
  });

  test('has as many parts as each rank, where batch norms see all of them', () => {
    const sharing = { size: 3, syncBatchNorm: true };
    expect(ofAllRanks({ ...TINY, batch: 4, accumulate: 2 }, sharing)).toEqual({ ...TINY, batch: 12, accumulate: 2 });
    expect(timesRanks({ batch: 4, accumulate: 2 }, sharing)).toEqual({ batch: 12, accumulate: 2 });
    const goOn = (size: number) =>
      sharedBy({ ...TINY, batch: 24, accumulate: 2 }, { size, syncBatchNorm: true }, () => {});
    expect(goOn(4).accumulate).toBe(2);
    expect(() => goOn(5)).toThrow(
      '--resume: batch norms of this run see 12 images, which 5 ranks cannot share equally; ' +
        'give it 1, 2, 3, 4, 6, 12 ranks, or leave out --sync-batch-norm',
    );
  });

  test('goes on with as many ranks as its parts allow, and says what becomes otherwise', () => {
    const changes: string[] = [];
    const goOn = (batch: number, accumulate: number, ranks: number) =>
      sharedBy({ ...TINY, batch, accumulate }, { size: ranks }, (text) => changes.push(text)).accumulate;
    expect([goOn(32, 4, 1), goOn(32, 4, 2), goOn(32, 4, 4)]).toEqual([4, 4, 4]);
    expect(changes).toEqual([]);
    expect(goOn(24, 4, 6)).toBe(12);
    expect(changes).toEqual(['6 ranks share the 24 images of a step: batch norms see 2 at a time, where they saw 6']);
    expect(() => goOn(8, 2, 3)).toThrow(
      /a step of this run takes 8 images, which 3 ranks cannot share .*give it 1, 2, 4 ranks/,
    );
  });
});
