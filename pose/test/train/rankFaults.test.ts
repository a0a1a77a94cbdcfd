import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { loadCheckpoint } from 'wgrad/io/node';
import {
  type Ended,
  type Launcher,
  OTHERS,
  RANKS,
  type RankProgram,
  runAlone,
  runEach,
} from '../../../mpi/test/mpirun.js';
import { BACKENDS } from '../../../test/backends.js';
import { root } from '../../../test/sources.js';

const MAIN = 'pose/src/cli/main.ts';
const BREAKS = 'pose/test/train/ranks/breaks.mjs';
const MACHINE = ['--distributed', '--workers', '0', '--backend', 'cpu'];
const RUN = '--figures 12 --batch 2 --accumulate 1 --width 4 --size 16 --epochs 3 --lr 0.01 --loss l1 --seed 12'.split(
  ' ',
);
/** Far more than any of these takes; a rank that waits for one that is gone would wait for ever. */
const LIMIT = { timeout: 600_000 };
/** How many runs are killed; more take longer. */
const { WGRAD_KILLS: WANTED = '2' } = process.env;
const KILLS = WANTED === 'all' ? 20 : Math.ceil(Number(WANTED) / 2);

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-faults-'));
});
afterAll(() => rmSync(home, { recursive: true }));

/** A rank that trains with these options. */
const rank = (args: readonly string[], rest: Partial<RankProgram> = {}): RankProgram => ({
  file: MAIN,
  args: ['train', ...MACHINE, ...args],
  ...rest,
});

/** What was said that is about the fault. */
const faultsIn = ({ said }: Ended) => said.split('\n').filter((line) => line.startsWith('wgrad-pose: '));

/** What a failed assertion shows of a run. */
const wordsOf = ({ said, printed }: Ended) => `stderr:\n${said}\nstdout:\n${printed}`;

const run = (ranks: readonly RankProgram[], onSaid?: (said: string, pid: number) => void, launcher?: Launcher) =>
  runEach(ranks, { cwd: home, onSaid, launcher });

/** A data set whose pictures are as bright as that, each with another shade. */
async function dataSet(name: string, brightness: number): Promise<string> {
  const folder = join(home, name);
  mkdirSync(join(folder, 'images'), { recursive: true });
  const people = Array.from({ length: 15 }, (_, i) => {
    const keypoints = Array.from({ length: 14 }, (_, k) => [2 + k, 3 + i, 2]).flat();
    return { file: `${i}.png`, box: [1, 1, 18, 18], keypoints };
  });
  for (const [i, { file }] of people.entries()) {
    const pixels = { width: 20, height: 20, channels: 3 as const, background: { r: brightness, g: i, b: 9 } };
    await sharp({ create: pixels })
      .png()
      .toFile(join(folder, 'images', file));
  }
  writeFileSync(join(folder, 'boxes.json'), JSON.stringify(people));
  return folder;
}

describe.runIf(RANKS.length > 0)('ranks that are not alike end before the first step, in one line', () => {
  test('one without its data folder', LIMIT, async () => {
    const ended = await run([rank([...RUN, '--out', 'a']), rank(['--data', 'nowhere', '--out', 'a'])]);
    expect(ended.code, wordsOf(ended)).toBe(2);
    expect(faultsIn(ended)).toEqual([expect.stringMatching(/^wgrad-pose: rank 1: .*nowhere/)]);
    expect(existsSync(join(home, 'a'))).toBe(false);
  });

  test('one with another option', LIMIT, async () => {
    const other = RUN.map((word) => (word === '0.01' ? '0.02' : word));
    const ended = await run([
      rank([...RUN, '--out', 'b']),
      rank([...RUN, '--out', 'b']),
      rank([...other, '--out', 'b']),
    ]);
    expect(ended.code, wordsOf(ended)).toBe(2);
    expect(faultsIn(ended)).toEqual([expect.stringContaining(': rank 2 has --lr 0.02, rank 0 has 0.01; start all')]);
    expect(existsSync(join(home, 'b'))).toBe(false);
  });

  test('one of another version', LIMIT, async () => {
    const copy = join(home, 'copy');
    cpSync(join(root, 'pose/src'), join(copy, 'src'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const manifest = JSON.parse(readFileSync(join(root, 'pose/package.json'), 'utf8'));
    writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...manifest, version: '99.9.9' }));
    const other = rank([...RUN, '--out', 'v'], { file: join(copy, 'src/cli/main.ts') });
    const ended = await run([rank([...RUN, '--out', 'v']), other]);
    expect(ended.code, wordsOf(ended)).toBe(2);
    expect(faultsIn(ended)).toEqual([
      `wgrad-pose: rank 1 has version 99.9.9, rank 0 has ${manifest.version}; start all ranks with the same version, options and data`,
    ]);
    expect(existsSync(join(home, 'v'))).toBe(false);
  });

  test.each([
    [['--sync-batch-norm'], '--sync-batch-norm true, rank 0 has false'],
    [['--wire', 'float16'], '--wire float16, rank 0 has float32'],
  ])('one with %j', LIMIT, async (option, said) => {
    const ended = await run([rank([...RUN, '--out', 'o']), rank([...RUN, ...option, '--out', 'o'])]);
    expect(ended.code, wordsOf(ended)).toBe(2);
    expect(faultsIn(ended)).toEqual([expect.stringContaining(`rank 1 has ${said}; start all ranks with`)]);
  });

  test('one whose pictures are others', LIMIT, async () => {
    const options = ['--batch', '2', '--width', '4', '--size', '16', '--epochs', '1', '--out', 'c'];
    const folders = [await dataSet('x/set', 10), await dataSet('y/set', 11)];
    const ended = await run(folders.map((folder) => rank(['--data', folder, ...options])));
    expect(ended.code, wordsOf(ended)).toBe(2);
    expect(faultsIn(ended)).toEqual([
      expect.stringMatching(
        /^wgrad-pose: rank 1 has data with the digest \w{16}, rank 0 has \w{16}; start all ranks with/,
      ),
    ]);
  });

  test('a batch is that of each rank, as it was typed', LIMIT, async () => {
    const ranksOf = (...batches: string[]) =>
      run(batches.map((batch) => rank([...RUN, '--batch', batch, '--out', 't'])));
    expect(faultsIn(await ranksOf('6', '6', '6'))).toEqual([
      'wgrad-pose: --batch 6 on each of 3 ranks: figures has 12 training images; give at most 4',
    ]);
    expect(faultsIn(await ranksOf('2', '3'))).toEqual([
      expect.stringContaining('rank 1 has --batch 3, rank 0 has 2; start all ranks'),
    ]);
  });

  test('an option that none takes', LIMIT, async () => {
    const ended = await run([rank(['--batch', '1']), rank(['--batch', '1'])]);
    expect(ended.code, wordsOf(ended)).toBe(2);
    expect(faultsIn(ended)).toEqual(['wgrad-pose: --batch 1: expected an integer from 2 to 4096']);
  });
});

const withoutTimes = (key: string, value: unknown) =>
  ['imagesPerSecond', 'seconds', 'time'].includes(key) ? undefined : value;

/** Everything in a checkpoint that does not depend on how long it took. */
async function checkpoint(out: string) {
  const { model, optimizer, config, progress } = await loadCheckpoint(join(home, out, 'last.safetensors'));
  return { model, optimizer, words: JSON.stringify({ config, progress }, withoutTimes) };
}

/** The processes that `mpirun` has started. */
function childrenOf(pid: number): number[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers.map(Number).filter((child) => {
    try {
      const line = readFileSync(`/proc/${child}/stat`, 'utf8');
      return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[1]) === pid;
    } catch {
      return false; // it is gone
    }
  });
}

describe.runIf(RANKS.length > 0 && process.platform === 'linux')('a run that breaks goes on to the same end', () => {
  const start = (out: string) => rank([...RUN, '--out', out]);
  const goOn = async (out: string) => {
    const again = existsSync(join(home, out, 'last.safetensors')) ? rank(['--resume', out]) : start(out);
    const ended = await run([again, again]);
    expect(faultsIn(ended)).toEqual([]);
    expect(ended.code, wordsOf(ended)).toBe(0);
    expect(readdirSync(join(home, out)).sort()).toEqual(FILES);
    return checkpoint(out);
  };
  const FILES = ['best.safetensors', 'last.safetensors', 'log.jsonl', 'report.html'];
  let whole: Awaited<ReturnType<typeof checkpoint>>;
  beforeAll(async () => {
    const ended = await run([start('whole'), start('whole')]);
    expect(ended.code, wordsOf(ended)).toBe(0);
    whole = await checkpoint('whole');
  }, LIMIT.timeout);

  test(`where a rank is killed, ${KILLS} times`, { timeout: KILLS * LIMIT.timeout }, async () => {
    const rng = new Rng(5);
    for (let i = 0; i < KILLS; i++) {
      const out = `killed-${i}`;
      let delay = rng.int(600);
      let killed = 0;
      const ended = await run([start(out), start(out)], (said, pid) => {
        if (delay < 0 || !said.includes('held out;')) return;
        setTimeout(() => {
          const children = childrenOf(pid);
          const victim = children[rng.int(children.length)];
          if (victim !== undefined) process.kill(victim, 'SIGKILL');
          killed++;
        }, delay);
        delay = -1;
      });
      // A kill may come too late; `mpirun` gives the code of a killed process.
      expect({ i, killed, code: ended.code }, wordsOf(ended)).toEqual({
        i,
        killed: expect.any(Number),
        code: killed ? 137 : 0,
      });
      expect({ i, ...(await goOn(out)) }).toEqual({ i, ...whole });
    }
  });

  test.each(OTHERS)('of $mpi, too', { timeout: 3 * LIMIT.timeout }, async (launcher) => {
    const ended = await run([start('other'), start('other')], undefined, launcher);
    expect(ended.code, wordsOf(ended)).toBe(0);
    expect(faultsIn(ended)).toEqual([]);
    expect(await checkpoint('other')).toEqual(whole);
    let isKilled = false;
    const killed = await run(
      [start('dies'), start('dies')],
      (said, pid) => {
        if (isKilled || !said.includes('epoch 1/')) return;
        isKilled = true;
        const [proxy] = childrenOf(pid);
        const ranks = childrenOf(proxy);
        process.kill(ranks[ranks.length - 1], 'SIGKILL');
      },
      launcher,
    );
    expect(killed.code, wordsOf(killed)).not.toBe(0);
    expect(await goOn('dies')).toEqual(whole);
  });

  test('where rank 0 has no room left on its disk', LIMIT, async () => {
    const full = { preload: [BREAKS], env: { BREAKS: 'disk', BREAKS_AFTER: '1' } };
    const ended = await run([{ ...start('full'), ...full }, start('full')]);
    expect(ended.code, wordsOf(ended)).toBe(2);
    expect(faultsIn(ended)).toEqual([
      expect.stringMatching(/^wgrad-pose: rank 0: cannot write .*last\.safetensors: the disk is full/),
    ]);
    expect(readdirSync(join(home, 'full')).sort()).toEqual(['best.safetensors', 'last.safetensors', 'log.jsonl']);
    expect(await goOn('full')).toEqual(whole);
  });

  test.runIf(BACKENDS.length > 1)('where one rank loses its device', LIMIT, async () => {
    const onGpu = (args: readonly string[], rest: Partial<RankProgram> = {}): RankProgram => {
      const { args: all = [], ...program } = rank(args, rest);
      return { ...program, args: all.map((word) => (word === 'cpu' ? 'webgpu' : word)) };
    };
    const first = onGpu([...RUN, '--out', 'lost']);
    const losing = { preload: [BREAKS], env: { BREAKS: 'device', BREAKS_AFTER: '60' } };
    const ended = await run([first, onGpu([...RUN, '--out', 'lost'], losing)]);
    expect(ended.code, wordsOf(ended)).toBe(2);
    expect(faultsIn(ended)).toEqual([expect.stringMatching(/^wgrad-pose: rank 1: webgpu: the device was lost/)]);
    const again = existsSync(join(home, 'lost/last.safetensors')) ? onGpu(['--resume', 'lost']) : first;
    const second = await run([again, again]);
    expect(second.code, wordsOf(second)).toBe(0);
    expect(readdirSync(join(home, 'lost')).sort()).toEqual(FILES);
  });

  test('goes on with another number of ranks', LIMIT, async () => {
    const stopped = await run([start('fewer'), start('fewer')], (said, pid) => {
      if (said.includes('epoch 1/') && !said.includes('stopping')) process.kill(pid, 'SIGUSR2');
    });
    expect(stopped.code, wordsOf(stopped)).toBe(130);
    const alone = await runAlone(MAIN, ['train', '--backend', 'cpu', '--workers', '0', '--resume', 'fewer'], {
      cwd: home,
    });
    expect(alone.code, wordsOf(alone)).toBe(0);
    expect(faultsIn(alone)).toEqual([]);
    const { words } = await checkpoint('fewer');
    expect(JSON.parse(words).progress).toMatchObject({ epoch: 3, step: JSON.parse(whole.words).progress.step });
  });
});
