import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from 'wgrad';
import { start } from '../../src/cli/start.js';
import { crowdpose14, lsp14 } from '../../src/schema.js';
import { inProcess, type Said } from './inProcess.js';

const SIDE = 40;
const PEOPLE = 10;
const run = inProcess(start);
const onCpu = `device: ${cpu().description}`;

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-resume-'));
});
afterAll(() => rmSync(home, { recursive: true }));

/** A folder of people of these joints, all but the pictures that are left out. */
async function people(
  name: string,
  joints: readonly string[],
  missing: readonly number[] = [],
  count = PEOPLE,
): Promise<string> {
  const folder = join(home, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'images'), { recursive: true });
  const ids = Array.from({ length: count }, (_, n) => n + 1);
  for (const id of ids.filter((one) => !missing.includes(one))) {
    await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: { r: 76, g: 20 * id, b: 168 } } })
      .png()
      .toFile(join(folder, 'images', `${id}.png`));
  }
  const labels = {
    images: ids.map((id) => ({ id, file_name: `${id}.png`, width: SIDE, height: SIDE })),
    annotations: ids.map((id) => ({
      ...{ id, image_id: id, category_id: 1, bbox: [2, 2, 36, 36], area: 900, iscrowd: 0 },
      keypoints: joints.flatMap((_, k) => [3 + ((7 * k + id) % 34), 3 + ((11 * k + id) % 34), 2]),
    })),
    categories: [{ id: 1, name: 'person', keypoints: joints }],
  };
  writeFileSync(join(folder, 'person_keypoints_all.json'), JSON.stringify(labels));
  return folder;
}

const train = (folder: string, name: string, ...more: string[]): Promise<Said> =>
  run(
    ...['start', '--backend', 'cpu', '--data', folder, '--out', join(home, name), '--epochs', '1'],
    ...['--width', '4', '--size', '16', '--batch', '2', '--workers', '0', ...more],
  );
const goOn = (name: string, ...more: string[]): Promise<Said> =>
  run('start', '--resume', join(home, name), '--epochs', '2', '--workers', '0', ...more);

describe('a run that goes on', () => {
  test('keeps its kind of device unless one is named, and its joints', async () => {
    const folder = await people('lsp', lsp14.joints);
    const { stderr } = await train(folder, 'run');
    expect(stderr).toContain(onCpu);
    expect(stderr).toContain(
      'the scores of the end are of all 2 held-out images, each averaged with its mirror image; PCK after each epoch is ' +
        'without mirror images\n',
    );
    await people('lsp', crowdpose14.joints);
    await expect(goOn('run', '--backend', 'cpu')).rejects.toThrow(
      /run.last\.safetensors: the run has the joints of lsp14, and lsp now those of crowdpose14; give the data that it had/,
    );
    await people('lsp', lsp14.joints, [], PEOPLE + 1);
    await expect(goOn('run')).rejects.toThrow(
      /run.last\.safetensors: the run has 8 training and 2 held-out images, and lsp now 9 and 2; give .*, or start a new run from its weights with --init .*last\.safetensors$/,
    );
    await people('lsp', lsp14.joints);
    const next = await goOn('run');
    expect(next.stderr).not.toContain('warning');
    expect(next.stderr).toContain(onCpu);
    expect(next.stderr).not.toContain('so far the run was trained on');
    expect(next.stderr).toMatch(/epoch 2\/2/);
    expect(next.stderr).not.toContain('nothing is left to train');
    const log = () =>
      readFileSync(join(home, 'run', 'log.jsonl'), 'utf8')
        .trimEnd()
        .split('\n');
    const last = readFileSync(join(home, 'run', 'last.safetensors'));
    const over = await goOn('run');
    expect(over.stderr).toMatch(
      /\nits 2 epochs are over and nothing is left to train; --epochs N goes on to N of them\n/,
    );
    expect(over.stdout.split('\n').slice(0, -2)).toEqual(next.stdout.split('\n').slice(0, -2));
    expect(readFileSync(join(home, 'run', 'last.safetensors')).equals(last)).toBe(true);
    expect(
      log()
        .slice(-2)
        .map((line) => JSON.parse(line).event),
    ).toEqual(['resume', 'end']);
  });

  test('over labels that were edited says so', async () => {
    const folder = await people('edited', lsp14.joints);
    await train(folder, 'edited-run');
    const file = join(folder, 'person_keypoints_all.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"keypoints":[4,4,2', '"keypoints":[5,4,2'));
    expect((await goOn('edited-run')).stderr).toContain(
      'warning: labels, boxes or names of pictures are not those that',
    );
  });

  test('without pictures that cannot be read says which, and may go on without more', async () => {
    const folder = await people('some', lsp14.joints, [2, 10]);
    await expect(train(folder, 'none')).rejects.toThrow(
      /images.(2|10)\.png: cannot be read as an image \(ENOENT: no such file or directory\).* or leave it out with --skip-broken 1$/,
    );
    expect(existsSync(join(home, 'none'))).toBe(false);
    await expect(train(folder, 'none', '--skip-broken', '1')).rejects.toThrow(
      /^2 pictures that cannot be read, with 2 people: .*images.2\.png, .*images.10\.png; --skip-broken 1 leaves out as many at most/,
    );
    const { stderr, stdout } = await train(folder, 'some-run', '--skip-broken', '2', '--json');
    expect(stderr).toMatch(/warning: left out are 2 pictures that cannot be read, with 2 people: .*2\.png, .*10\.png/);
    expect(stderr).toMatch(/\nleft out: 2 pictures that cannot be read, with 2 people: /);
    expect(JSON.parse(stdout).broken).toEqual([
      expect.objectContaining({ part: 'train', index: 1, picture: expect.stringMatching(/2\.png$/) }),
      expect.objectContaining({ part: 'test', index: 1, picture: expect.stringMatching(/10\.png$/) }),
    ]);
    await people('some', lsp14.joints, [2, 3, 10]);
    await expect(goOn('some-run')).rejects.toThrow(
      /^3 pictures that cannot be read, with 3 people: .*; --skip-broken 2 leaves/,
    );
    expect((await goOn('some-run', '--skip-broken', '3')).stderr).toMatch(
      /\nleft out: 3 pictures that cannot be read, with 3 people: /,
    );
  });
});

test('pictures beyond --max-pixels are not decoded', async () => {
  const folder = await people('large', lsp14.joints);
  await expect(train(folder, 'never', '--max-pixels', String(SIDE * SIDE - 1))).rejects.toThrow(
    /1\.png: cannot be read as an image \(more than 1599 pixels, .*; scale it down, or raise the limit \(--max-pixels\)/,
  );
  await train(folder, 'large-run', '--max-pixels', String(SIDE * SIDE));
  await expect(goOn('large-run', '--max-pixels', '100')).rejects.toThrow(/more than 100 pixels/);
});
