import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu, Rng } from 'wgrad';
import { downloadState, formatSafetensors, type StateDict } from 'wgrad/io';
import { loadCheckpoint } from 'wgrad/io/node';
import { resnet } from 'wgrad/nn';
import { convert } from '../../src/cli/convert.js';
import { exportOnnx } from '../../src/cli/export.js';
import { inspect } from '../../src/cli/inspect.js';
import { predict } from '../../src/cli/predict.js';
import { start } from '../../src/cli/start.js';
import { costOf } from '../../src/node/compare/cost.js';
import type { TrainConfig } from '../../src/train/config.js';
import { inProcess } from './inProcess.js';

const TINY = [
  '--backend',
  'cpu',
  '--workers',
  '0',
  '--figures',
  '12',
  '--batch',
  '4',
  '--size',
  '16',
  '--epochs',
  '1',
  '--loss',
  'laplace',
];

let home: string;
/** torchvision's ResNet-18, but for its width, under its names. */
let donor: StateDict;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-init-'));
  const { params, state } = resnet.init(new Rng(9), cpu(), { depth: 18, width: 4, stem: 7 });
  donor = new Map([...(await downloadState(params)), ...(await downloadState(state))]);
  const classifier = { shape: [10, 32], data: new Float32Array(320) };
  writeFileSync(join(home, 'resnet18.safetensors'), formatSafetensors(new Map([...donor, ['fc.weight', classifier]])));
  const picture = { width: 40, height: 30, channels: 3 as const, background: '#804020' };
  await sharp({ create: picture }).toFile(join(home, 'person.png'));
});
afterAll(() => rmSync(home, { recursive: true }));

const run = inProcess(start, inspect, convert, exportOnnx, predict);

const numbers = (data: ArrayLike<number | bigint>) => Array.from(data, Number);
const at = (name: string) => join(home, name);
const network = async (file: string) => JSON.parse((await run('inspect', at(file), '--json')).stdout).architecture;

describe('train --init with a ResNet of torchvision', () => {
  test('takes width and stem of the file, and its weights arrive', async () => {
    const file = at('resnet18.safetensors');
    const args = ['--init', file, '--model', 'resnet18', '--aspect', '0.75', '--lr', '1e-9', '--out', at('run')];
    const { stderr } = await run('start', ...TINY, ...args);
    expect(stderr).toMatch(/ResNet-18 of width 4 \(7x7 stem\) on 12 x 16 pixels/);
    expect(stderr).toContain(`starts from backbone of ${file}; head is new\n`);
    const { model, config } = await loadCheckpoint(at('run/last.safetensors'));
    expect(config).toMatchObject({ config: { model: 'resnet18', width: 4, stem: '7x7', init: file } });
    // Adam moves by the learning rate at most, three times.
    for (const [name, { data, shape }] of donor) {
      const found = model.get(`preact.${name}`);
      expect([name, found?.shape]).toEqual([name, shape]);
      if (/running|tracked/.test(name)) continue;
      const off = Math.max(...numbers(data).map((x, i) => Math.abs(x - Number(found?.data[i]))));
      expect(off, name).toBeLessThan(1e-6);
    }
    expect(readFileSync(at('run/report.html'), 'utf8')).toContain('resnet18.safetensors');
  });

  test('says which parts of a run are taken, and which are new', async () => {
    const begin = async (from: string, to: string, ...more: string[]) =>
      (await run('start', ...TINY, '--init', at(from), '--out', at(to), ...more)).stderr.match(/starts from .*/)?.[0];
    const saved = at('run/last.safetensors');
    expect(await begin('run', 'same')).toBe(`starts from backbone and head of ${at('run/best.safetensors')}`);
    expect(await begin('run/last.safetensors', 'flow', '--loss', 'rle')).toBe(
      `starts from backbone and head of ${saved}; flow is new`,
    );
    expect(await begin('run/last.safetensors', 'maps', '--loss', 'heatmap')).toBe(
      `starts from backbone of ${saved}; head is new`,
    );
    expect(await begin('flow', 'l1', '--loss', 'rle')).toBe(
      `starts from backbone, head and flow of ${at('flow/best.safetensors')}`,
    );
  });

  test('what reads the run follows its stem', async () => {
    const run18 = at('run/last.safetensors');
    const shape = { backbone: { kind: 'resnet', depth: 18, width: 4, stem: 7 }, joints: 14 };
    expect(await network('run/last.safetensors')).toMatchObject(shape);
    expect(await network('run')).toMatchObject(shape);
    await run('convert', at('run'), at('torchvision.safetensors'), '--names', 'torchvision');
    expect(await network('torchvision.safetensors')).toMatchObject({ ...shape, joints: 0 });
    await run('export', at('run'), at('run.onnx'));
    expect(readFileSync(at('run.onnx')).includes('preact.conv1')).toBe(true);
    await run('predict', at('person.png'), '--run', at('run'), '--backend', 'cpu', '--out', at('results.json'));
    expect(JSON.parse(readFileSync(at('results.json'), 'utf8'))[0].keypoints).toHaveLength(3 * 14);
    const { config } = (await loadCheckpoint(run18)).config as unknown as { config: TrainConfig };
    // 4 x 3 filters of 7x7 and not of 3x3, at 8 x 6 places.
    const small = costOf({ ...config, stem: '3x3' }, 14);
    const large = costOf(config, 14);
    expect(large.parameters - small.parameters).toBe(4 * 3 * (49 - 9));
    expect(large.macs - small.macs).toBe(4 * 3 * (49 - 9) * 8 * 6);
  });

  test('the run goes on with --resume, and starts another with --init', async () => {
    const resumed = await run('start', '--backend', 'cpu', '--workers', '0', '--resume', at('run'), '--epochs', '2');
    expect(resumed.stderr).toMatch(/epoch 2\/2/);
    const again = await run('start', ...TINY, '--init', at('run'), '--loss', 'l1', '--out', at('again'));
    expect(again.stderr).toMatch(/ResNet-18 of width 4 \(7x7 stem\) on 16 x 16 pixels, loss l1/);
  });

  test.each([
    [
      ['--width', '8'],
      /^--width 8: .*resnet18\.safetensors holds ResNet-18 of width 4 with a 7x7 stem, which is --width 4/,
    ],
    [['--stem', '3x3'], /^--stem 3x3: .* which is --stem 7x7; leave the option out, or start without --init$/],
    [['--model', 'resnet50'], /^--model resnet50: .* which is --model resnet18; /],
    [['--resume', 'x'], /^--init and --resume: /],
  ])('%o is refused', async (args, message) => {
    const all = ['start', ...TINY, '--init', at('resnet18.safetensors'), ...args];
    await expect(run(...all)).rejects.toThrow(message);
  });

  test('--stem without --init trains the published network', async () => {
    const { stderr } = await run('start', ...TINY, '--width', '4', '--stem', '7x7', '--out', at('fresh'));
    expect(stderr).toMatch(/ResNet-18 of width 4 \(7x7 stem\)/);
    expect(await network('fresh/last.safetensors')).toMatchObject({ backbone: { width: 4, stem: 7 } });
  });
});
