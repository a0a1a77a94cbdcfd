/** A whole network as Ultralytics saves it: read without its classes, and its flow converted. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu, Rng } from 'wgrad';
import { parseSafetensors, uploadState } from 'wgrad/io';
import { realNvp } from 'wgrad/rle';
import { namedTensors } from '../../src/checkpoints/wrappers.js';
import { convert } from '../../src/cli/convert.js';
import { moduleState } from '../../src/formats/torch/moduleState.js';
import { Inert } from '../../src/formats/torch/pickleValues.js';
import { readTorchState } from '../../src/formats/torch/torchState.js';
import { inProcess } from '../cli/inProcess.js';
import golden from '../golden/ultralytics_pose.json' with { type: 'json' };

const bytes = new Uint8Array(inflateSync(Buffer.from(golden.file, 'base64')));

describe('a whole network', () => {
  test('is read as its state dict, and none of its classes is run', async () => {
    const { tensors, part, metadata, unknown } = await readTorchState(bytes, 'yolo.pt');
    expect([part, [...tensors.keys()]]).toEqual(['ema', golden.names]);
    const bias = tensors.get('model.1.flow_model.t.0.0.bias');
    expect([[...(bias?.data ?? [])], bias?.widenedFrom]).toEqual([golden.first_bias, 'F16']);
    expect(metadata).toMatchObject({ version: '8.4.12', 'train_args.task': 'pose' });
    expect(unknown).toContain('ultralytics.nn.modules.block.RealNVP');
  });

  test('its flow has a naming of its own, below a wrapper too; the same flow in a network of mmpose is not it', () => {
    const named = (...names: string[]) => namedTensors(new Map(names.map((name) => [name, 0]))).naming?.name;
    expect(named('model.0.conv.weight', 'model.23.flow_model.t.0.0.weight')).toBe('ultralytics');
    expect(named('module.model.22.flow_model.mask', 'module.model.0.conv.weight')).toBe('ultralytics');
    expect(named('module.backbone.conv1.weight', 'module.head.loss_module.flow_model.mask')).toBe('mmpose');
  });

  test('of modules that hold each other is no network', () => {
    const module = (children: Map<string, unknown>) => {
      const made = new Inert('a.Module', []);
      made.attributes = new Map([['_modules', children]]);
      return made;
    };
    let many = module(new Map());
    for (let i = 0; i < 18; i++) many = module(new Map(['a', 'b', 'c'].map((name) => [name, many])));
    expect(moduleState(many)).toBeUndefined();
    const children = new Map<string, unknown>();
    const endless = module(children);
    children.set('self', endless);
    expect(moduleState(endless)).toBeUndefined();
  });
});

describe('wgrad-pose convert', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'wgrad-ultralytics-'));
    writeFileSync(join(home, 'yolo.pt'), bytes);
  });
  afterAll(() => rmSync(home, { recursive: true }));
  const run = inProcess(convert);
  const at = (name: string) => join(home, name);
  const read = (name: string) => parseSafetensors(readFileSync(at(name))).tensors;

  test('takes the flow, says what it leaves out, and the density is theirs', async () => {
    const { stderr } = await run('convert', at('yolo.pt'), at('flow.safetensors'), '--names', 'official');
    expect(stderr).toContain('note: left out: 8 tensors of the network, of which wgrad knows the flow alone\n');
    expect(stderr).toContain("have SiLU: realNvp({ dims: 2, activation: 'silu' }) computes the same with it\n");
    const device = cpu();
    const flow = realNvp({ dims: 2, hidden: 4, activation: 'silu' });
    const state = new Map([...read('flow.safetensors')].filter(([name]) => name !== 'flow.mask'));
    const { flow: params } = uploadState({ flow: flow.init(new Rng(0), device) }, state);
    const logProb = await flow.logProb(params, device.tensor(golden.points.flat(), [3, 2])).data();
    logProb.forEach((value, i) => {
      expect(value).toBeCloseTo(golden.log_prob[i], 6);
    });
  });

  test('writes it back under the names of the last layer', async () => {
    await run('convert', at('yolo.pt'), at('theirs.safetensors'), '--names', 'ultralytics');
    const theirs = read('theirs.safetensors');
    const flow = golden.names.filter((name) => name.startsWith('model.1.flow_model.')).map((name) => name.slice(8));
    expect(new Set(theirs.keys())).toEqual(new Set(flow));
    expect(theirs.get('flow_model.mask')?.data).toEqual(Float32Array.of(0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0));
  });

  test('keeps the whole network where no names are asked for', async () => {
    const { stderr } = await run('convert', at('yolo.pt'), at('all.safetensors'));
    expect(stderr).toContain('note: the names are as they were; --names official writes the flow alone');
    expect([...read('all.safetensors').keys()].sort()).toEqual([...golden.names].sort());
  });
});
