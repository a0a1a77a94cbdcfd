import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatSafetensors, parseSafetensors, type StateTensor } from 'wgrad/io';
import { readTorchState } from '../../src/formats/torch/torchState.js';
import { readInitialWeights } from '../../src/node/weightsFiles.js';
import { committedModel, committedModels } from '../checkpoints/torchModels.js';
import files from '../golden/torch_files.json' with { type: 'json' };

const MAIN = join(process.cwd(), 'pose/src/cli/main.ts');
const TSX = join(process.cwd(), 'node_modules/tsx/dist/esm/index.mjs');

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-weights-'));
  for (const name of Object.keys(committedModels)) writeFileSync(join(home, `${name}.pth`), committedModel(name));
  for (const [name, base64] of Object.entries(files.files)) {
    writeFileSync(join(home, `${name}.pth`), Buffer.from(base64, 'base64'));
  }
});
afterAll(() => rmSync(home, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `wgrad ...` in the folder `home`. */
function wgrad(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', TSX, MAIN, ...args], { cwd: home }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

describe('wgrad-pose convert', () => {
  test('writes a file of PyTorch as safetensors, with its conventions', async () => {
    const outcome = await wgrad('convert', 'official-legacy.pth', 'official.safetensors');
    expect(outcome).toEqual({ code: 0, stdout: 'official.safetensors: 197 tensors\n', stderr: '' });
    const { tensors, metadata } = parseSafetensors(readFileSync(join(home, 'official.safetensors')));
    expect(tensors.get('flow.mask')?.data).toEqual(Float32Array.of(0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0));
    expect(metadata.format).toBe('pt');
    expect(JSON.parse(metadata.conventions)).toMatchObject({ size: [256, 192], std: [1, 1, 1], normalise: true });
  });

  test('gives other names, and says what the other code would not know', async () => {
    const mmpose = await wgrad('convert', 'official-legacy.pth', 'mmpose.safetensors', '--names', 'mmpose');
    expect(mmpose.code).toBe(0);
    expect(mmpose.stderr).toMatch(/^note: the head normalises its features, other than the mmpose code's: only wgrad/);
    const { tensors } = parseSafetensors(readFileSync(join(home, 'mmpose.safetensors')));
    expect(tensors.get('head.fc.weight')?.shape).toEqual([8, 8]);
    expect([...tensors.keys()]).toContain('head.loss_module.flow_model.cov');
    const backbone = await wgrad('convert', 'mmpose0-zip.pth', 'tv.safetensors', '--names', 'torchvision');
    expect(backbone.stdout).toBe('tv.safetensors: 318 tensors\n');
    expect(backbone.stderr).toMatch(/^note: left out, since torchvision has no name for it: .*, \.\.\.\n$/);
  });

  test('says as JSON what was written and what was not', async () => {
    const { stdout } = await wgrad(
      'convert',
      'mmpose0-zip.pth',
      'json.safetensors',
      '--names',
      'torchvision',
      '--json',
    );
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ file: 'json.safetensors', names: 'torchvision', tensors: 318 });
    expect(told.dropped).toContain('fc_coord.linear.weight');
    expect(told.notes).toHaveLength(1);
    const unknown = JSON.parse((await wgrad('convert', 'dtypes-zip.pth', 'any.safetensors', '--json')).stdout);
    expect(unknown).toMatchObject({ names: null, tensors: 13, dropped: [] });
  });

  test('takes weights of no known network as they are', async () => {
    const { code, stdout, stderr } = await wgrad('convert', 'dtypes-zip.pth', 'dtypes.safetensors');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'dtypes.safetensors: 13 tensors\n' });
    expect(stderr).toBe(
      'note: half floats are written as float32, with the same values\n' +
        'note: no known pose network: the names are as they were\n',
    );
  });

  test('takes a whole module as its state dict', async () => {
    const { code, stdout } = await wgrad('convert', 'module-zip.pth', 'module.safetensors');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'module.safetensors: 2 tensors\n' });
  });

  test('refuses in one line, and leaves nothing behind', async () => {
    const before = readdirSync(home);
    const cases: [string[], RegExp][] = [
      [
        ['official-legacy.pth', 'x.pth'],
        /^wgrad-pose: convert writes safetensors: x\.pth should end with \.safetensors\n$/,
      ],
      [
        ['nowhere.pth', 'x.safetensors'],
        /^wgrad-pose: cannot read nowhere\.pth: the file or its folder does not exist/,
      ],
      [
        ['official-legacy.pth', 'x.safetensors', '--names', 'keras'],
        /^wgrad-pose: names "keras": expected official, mmpose/,
      ],
    ];
    await Promise.all(
      cases.map(async ([args, message]) => {
        const { code, stdout, stderr } = await wgrad('convert', ...args);
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
        expect(stderr).toMatch(message);
        expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      }),
    );
    expect(readdirSync(home)).toEqual(before);
    expect(existsSync(join(home, 'x.safetensors'))).toBe(false);
  });
});

describe('wgrad-pose inspect', () => {
  test('tells network, input and tensors', async () => {
    const { code, stdout } = await wgrad('inspect', 'mmpose0-zip.pth');
    expect(code).toBe(0);
    const says = [
      /^file +mmpose0-zip\.pth, PyTorch zip, dict state_dict$/m,
      /^network +ResNet-50 of width 1 with a 7x7 stem, RLE head of 2 joints in 2-D, flow, names of mmpose$/m,
      /^input +288 x 384, \(rgb \/ 255 - \[0\.485, 0\.456, 0\.406\]\) \/ \[0\.229, 0\.224, 0\.225\], box \* 1\.25$/m,
      /^output +column x \* 288; coordinates from plain features$/m,
      /^meta\.mmcv_version +1\.4$/m,
      /^keypoint_head\.loss\.flow_model\.cov +\[2, 2\] +F32$/m,
    ];
    for (const line of says) expect(stdout).toMatch(line);
  });

  test('prints JSON that a program may read, also of a file that it does not know, with exit code 1', async () => {
    const known = await wgrad('inspect', 'official-legacy.pth', '--json');
    const model = JSON.parse(known.stdout);
    expect(model).toMatchObject({ format: 'PyTorch legacy', names: 'official', fault: null });
    expect(model).toMatchObject({
      architecture: { head: 'rle', joints: 2, backbone: { kind: 'resnet', depth: 18, width: 1 } },
    });
    expect(model.parameters).toBe(committedModels['official-legacy'].parameters);
    expect(model.tensors).toHaveLength(197);

    const unknown = await wgrad('inspect', 'dtypes-legacy.pth', '--json');
    expect(unknown.code).toBe(1);
    const weights = JSON.parse(unknown.stdout);
    expect(weights).toMatchObject({ names: null, conventions: null });
    expect(weights.fault).toMatch(/weights of no known pose network: found f64, f32, f16/);
    expect(weights.tensors).toContainEqual({ name: 'bf16', shape: [2], dtype: 'BF16' });
  });

  test('says of a network whose names only resemble known ones that it is another; convert keeps its names', async () => {
    writeFileSync(
      join(home, 'cut.safetensors'),
      formatSafetensors(
        new Map([['preact.conv1.weight', { shape: [4, 3, 7, 7], data: new Float32Array(588) }]]).set(
          'preact.layer1.0.conv1.weight',
          { shape: [4, 4, 3, 3], data: new Float32Array(144) },
        ),
      ),
    );
    const { code, stdout } = await wgrad('inspect', 'cut.safetensors');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^network +unknown: cut\.safetensors: .*names are like those of official, .* \d+ tensors, of which 2 are here/m,
    );
    const converted = await wgrad('convert', 'cut.safetensors', 'kept.safetensors');
    expect(converted.stdout).toBe('kept.safetensors: 2 tensors\n');
    expect(converted.stderr).toMatch(
      /^note: no known pose network: the names are as they were\nnote: .*of which 2 are here/,
    );
    const { tensors } = parseSafetensors(readFileSync(join(home, 'kept.safetensors')));
    expect([...tensors.keys()].sort()).toEqual(['preact.conv1.weight', 'preact.layer1.0.conv1.weight']);
  });
});

describe('a classifier of ImageNet', () => {
  test.each([
    ['mmpretrain', 'backbone.', 'head.fc'],
    ['torchvision', '', 'fc'],
  ])('in the names of %s is told, converted, and taken by no command that wants joints', async (code, prefix, fc) => {
    const { tensors } = await readTorchState(committedModel('mmpose0-zip'), 'file');
    const backbone = [...tensors].filter(([name]) => name.startsWith('backbone.'));
    const named = new Map(backbone.map(([name, tensor]) => [name.replace('backbone.', prefix), tensor]));
    const channels = named.get(`${prefix}layer4.2.bn3.bias`)?.shape[0] as number;
    const zeros = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)) });
    const classes = new Map<string, StateTensor>([
      [`${fc}.weight`, zeros(1000, channels)],
      [`${fc}.bias`, zeros(1000)],
    ]);
    const file = `${code}.safetensors`;
    writeFileSync(join(home, file), formatSafetensors(new Map<string, StateTensor>([...named, ...classes])));
    const inspected = await wgrad('inspect', file);
    expect(inspected.code).toBe(0);
    expect(inspected.stdout).toMatch(/^network +ResNet-50 .*, classifier of 1000 classes, names of/m);
    const refusal = `wgrad-pose: ${file}: a classifier of 1000 classes, which says nothing of joints; train --init ${file} trains a head for it\n`;
    const refused = [
      await wgrad('export', file, 'classes.onnx'),
      await wgrad('predict', 'x.jpg', '--weights', file, '--backend', 'cpu'),
    ];
    expect(refused.map(({ code, stderr }) => [code, stderr])).toEqual([
      [2, refusal],
      [2, refusal],
    ]);
    const converted = await wgrad('convert', file, 'classes.safetensors', '--names', 'torchvision');
    expect([converted.code, converted.stderr]).toEqual([0, '']);
    const written = parseSafetensors(readFileSync(join(home, 'classes.safetensors'))).tensors;
    expect(written.get('fc.weight')?.shape).toEqual([1000, channels]);
    // What --init takes of it.
    const { state } = await readInitialWeights(join(home, file));
    expect([...state.keys()].sort()).toEqual(backbone.map(([name]) => name.replace('backbone.', 'preact.')).sort());
  });
});
