import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Rng } from 'wgrad';
import { loadCheckpoint } from 'wgrad/io/node';

const [MAIN, TSX, KILL_AT] = [
  'pose/src/cli/main.ts',
  'node_modules/tsx/dist/esm/index.mjs',
  'pose/test/train/killAt.mjs',
].map((path) => join(process.cwd(), path));

/** The best epoch is the second of three, so that both kinds of epoch are there. */
const OPTIONS =
  '--backend cpu --workers 0 --figures 12 --batch 4 --width 4 --size 16 --epochs 3 --lr 0.01 --loss l1 --seed 12';

/** Moments at which runs are killed; `all` takes each moment once, which takes about half an hour on two cores. */
const { WGRAD_KILLS: WANTED = '4' } = process.env;

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-kills-'));
});
afterAll(() => rmSync(home, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

/** `wgrad-pose train` on the folder `out`, killed at a moment or not. */
function train(out: string, args: readonly string[], at = 0): Promise<Ended> {
  const env = { ...process.env, KILL_IN: out, KILL_AT: String(at), KILL_COUNT: join(home, `${out}.moments`) };
  const child = spawn(process.execPath, ['--import', TSX, '--import', KILL_AT, MAIN, 'train', ...args], {
    cwd: home,
    env,
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, said })));
}

/** What a user does after a kill: go on where there is a checkpoint, else begin again. */
function goOn(out: string, at = 0): Promise<Ended> {
  const args = existsSync(join(home, out, 'last.safetensors'))
    ? ['--backend', 'cpu', '--resume', out]
    : OPTIONS.split(' ');
  return train(out, existsSync(join(home, out, 'last.safetensors')) ? args : [...args, '--out', out], at);
}

const withoutTimes = (key: string, value: unknown) =>
  ['imagesPerSecond', 'seconds', 'time'].includes(key) ? undefined : value;

async function checkpoint(path: string) {
  const { model, optimizer, config, progress } = await loadCheckpoint(path);
  return { model, optimizer, words: JSON.stringify({ config, progress }, withoutTimes) };
}

/** Everything in the folder of a finished run that does not depend on how long it took. */
async function outcome(out: string) {
  const folder = join(home, out);
  const lines = readFileSync(join(folder, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'epoch');
  const { scores } = JSON.parse(lines[lines.length - 1]);
  return {
    files: readdirSync(folder).sort(),
    last: await checkpoint(join(folder, 'last.safetensors')),
    best: await checkpoint(join(folder, 'best.safetensors')),
    log: events.map((event) => JSON.stringify(event, withoutTimes)),
    scores,
    report: readFileSync(join(folder, 'report.html'), 'utf8').replace(/[\d.]+ (?=images\/s|s\b|min\b)/g, ''),
  };
}

const LIMIT = { timeout: WANTED === 'all' ? 36_000_000 : 3_600_000 };

test('killed while it writes anything, a run goes on to the files of one that was not killed', LIMIT, async () => {
  expect(await train('whole', [...OPTIONS.split(' '), '--out', 'whole'])).toMatchObject({ code: 0 });
  const expected = await outcome('whole');
  expect(expected.files).toEqual(['best.safetensors', 'last.safetensors', 'log.jsonl', 'report.html']);
  expect(expected.log).toHaveLength(3);
  expect(expected.best.words).not.toBe(expected.last.words);
  const moments = Number(readFileSync(join(home, 'whole.moments'), 'utf8'));
  expect(moments).toBeGreaterThan(50);

  const rng = new Rng(11);
  const all = Array.from({ length: moments }, (_, i) => i + 1);
  const chosen = WANTED === 'all' ? all : Array.from({ length: Number(WANTED) }, () => all[rng.int(moments)]);
  for (const at of chosen) {
    const out = `killed-${at}`;
    expect(await train(out, [...OPTIONS.split(' '), '--out', out], at)).toMatchObject({ signal: 'SIGKILL' });
    // Every third time the run that goes on is killed as well, early.
    if (at % 3 === 0) expect(await goOn(out, 1 + rng.int(20))).toMatchObject({ signal: 'SIGKILL' });
    const { code, said } = await goOn(out);
    expect(said).not.toContain('warning');
    expect({ at, code }).toEqual({ at, code: 0 });
    expect({ at, ...(await outcome(out)) }).toEqual({ at, ...expected });
    rmSync(join(home, out), { recursive: true });
  }
});
