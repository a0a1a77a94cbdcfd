import { expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { formatSafetensors, type StateTensor } from 'wgrad/io';
import { architectureOf } from '../../src/checkpoints/architecture.js';
import { namingCalled } from '../../src/checkpoints/namings.js';
import { poseCheckpointOf } from '../../src/checkpoints/poseCheckpoint.js';
import { namedTensors } from '../../src/checkpoints/wrappers.js';
import { parseWeightsFile } from '../../src/formats/weightsFile.js';
import { initialWeightsOf } from '../../src/train/initialWeights.js';

const named = (...names: string[]) => new Map(names.map((name) => [name, 0]));

test.each([
  ['module.', 'torchvision'],
  ['_orig_mod.', 'torchvision'],
  ['module._orig_mod.', 'torchvision'],
  ['_orig_mod.module.model.', 'torchvision'],
  ['state_dict.net.', 'torchvision'],
  ['network.', 'torchvision'],
])('names below %s are those below it', (prefix, naming) => {
  const inner = ['conv1.weight', 'layer1.0.conv1.weight'];
  const found = namedTensors(named(...inner.map((name) => prefix + name)));
  expect([found.naming?.name, [...found.tensors.keys()]]).toEqual([naming, inner]);
});

test('counters beside a wrapped model are left out, and names of unknown networks stay', () => {
  const averaged = named('n_averaged', 'module.conv1.weight', 'module.layer1.0.conv1.weight');
  expect([...namedTensors(averaged).tensors.keys()]).toEqual(['conv1.weight', 'layer1.0.conv1.weight']);
  const names = ['module.lstm.weight', 'module.fc.weight'];
  expect(namedTensors(named(...names))).toEqual({ tensors: named(...names) });
  const mixed = ['module.conv1.weight', 'layer1.0.conv1.weight'];
  expect([...namedTensors(named(...mixed)).tensors.keys()]).toEqual(mixed);
});

const scalar = (shape: number[] = [1]): StateTensor => ({
  shape,
  data: new Float32Array(shape.reduce((n, size) => n * size, 1)),
});

test('weights to start from, and a safetensors file, lose their wrapper too', async () => {
  const state = new Map([
    ['module.conv1.weight', scalar([4, 3, 3, 3])],
    ['module.layer1.0.conv1.weight', scalar([4, 4, 3, 3])],
  ]);
  const file = await parseWeightsFile(formatSafetensors(state), 'net.safetensors');
  const { state: own } = initialWeightsOf(file.tensors, 'net.safetensors');
  expect([...own.keys()]).toEqual(['preact.conv1.weight', 'preact.layer1.0.conv1.weight']);
});

test('a network whose names only resemble a known one is called unknown, without a list of what is missing', async () => {
  const names = ['backbone.stage2.0.weight', 'backbone.embed.weight', 'decoder.weight'];
  const file = await parseWeightsFile(formatSafetensors(new Map(names.map((name) => [name, scalar()]))), 'vit.pth');
  const error = (() => {
    try {
      return poseCheckpointOf(file, 'vit.pth');
    } catch (e) {
      return e as Error;
    }
  })();
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(
    /^vit\.pth: weights of no known pose network: some names are like those of mmpose, .* of which 0 are here/,
  );
});

test('couplings are counted, whatever numbers their names have', async () => {
  const state = new Map([
    ['flow.t.0.0.weight', scalar([4, 2])],
    ['flow.t.999999999.0.weight', scalar([4, 2])],
  ]);
  expect(architectureOf(state).flows).toEqual([{ name: 'flow', dims: 2, couplings: 2, hidden: 4 }]);
  const many = new Map(Array.from({ length: 200_000 }, (_, i) => [`flow.t.${i}.0.weight`, scalar([0, 0])]));
  expect(architectureOf(many).flows).toMatchObject([{ couplings: 200_000 }]);
});

test('rows that are claimed and empty take no time', () => {
  const state = new Map([
    ['head.fc.weight', { shape: [4 * 2 ** 40, 0], data: new Float32Array() }],
    ['head.loss_module.flow_model.t.0.0.weight', scalar([4, 2])],
    ['backbone.conv1.weight', scalar()],
  ]);
  expect(namingCalled('mmpose').toOwn(state, 'x').get('fc_coord.linear.weight')?.shape).toEqual([2 * 2 ** 40, 0]);
});
