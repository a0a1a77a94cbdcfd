import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { loadWeights, saveWeights } from '../../src/io/node/index.js';
import { parseSafetensors } from '../../src/io/safetensors.js';
import { formatWeights, parseWeights } from '../../src/io/weights.js';
import { relu } from '../../src/kernels/elementwise/activation.js';
import { permute } from '../../src/kernels/layout/permute.js';
import { reshape } from '../../src/kernels/layout/reshape.js';
import { mean } from '../../src/kernels/reduction/mean.js';
import * as batchNorm from '../../src/nn/batchNorm.js';
import * as conv1d from '../../src/nn/conv1d.js';
import * as conv2d from '../../src/nn/conv2d.js';
import * as convTranspose2d from '../../src/nn/convTranspose2d.js';
import * as groupNorm from '../../src/nn/groupNorm.js';
import * as layerNorm from '../../src/nn/layerNorm.js';
import * as linear from '../../src/nn/linear.js';
import { packParameters } from '../../src/tensor/arena.js';

import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { BACKENDS } from '../backends.js';
import { expectClose, type Nested, values } from '../numbers.js';
import { GPU_LOSS_RELATIVE } from '../tolerance.js';

const golden = JSON.parse(readFileSync(new URL('../golden/weights.json', import.meta.url), 'utf8')) as {
  readonly file: string;
  readonly x: Nested;
  readonly y: Nested;
};
const file = new Uint8Array(Buffer.from(golden.file, 'base64'));

/** The model of `make_weights.py`, as a stranger would write it. */
function init(device: Device) {
  const rng = new Rng(1);
  const bn = batchNorm.init(device, 6);
  const params = {
    conv: conv2d.init(rng, device, { inputs: 4, outputs: 6, kernel: [3, 2], groups: 2 }),
    bn: bn.params,
    up: convTranspose2d.init(rng, device, { inputs: 6, outputs: 4, kernel: [2, 3] }),
    norm: groupNorm.init(device, 4),
    blocks: [
      conv1d.init(rng, device, { inputs: 4, outputs: 5, kernel: 3 }),
      conv1d.init(rng, device, { inputs: 5, outputs: 3, kernel: 1 }),
    ],
    ln: layerNorm.init(device, 3),
    fc: linear.init(rng, device, { inputs: 3, outputs: 2 }),
  };
  return { params: packParameters(params), state: { bn: bn.state } };
}

function apply({ params, state }: ReturnType<typeof init>, x: Tensor): Tensor {
  const [h] = batchNorm.apply(params.bn, state.bn, conv2d.apply(params.conv, x, { groups: 2 }), { training: false });
  const up = convTranspose2d.apply(params.up, relu(h), { stride: 2 });
  const [N, H, W, C] = up.shape;
  let sequence = reshape(groupNorm.apply(params.norm, up, { groups: 2 }), { shape: [N, H * W, C] });
  for (const block of params.blocks) sequence = conv1d.apply(block, sequence);
  return linear.apply(params.fc, layerNorm.apply(params.ln, mean(sequence, { axes: 1 })));
}

describe.each(BACKENDS)('weights on $name', ({ open }) => {
  test("PyTorch's file gives PyTorch's outputs", async () => {
    const device = await open();
    const net = parseWeights(file, init(device));
    const x = permute(device.tensor(golden.x), { order: [0, 2, 3, 1] });
    // The weights are float32 and the outputs of order 1; PyTorch computed them in float64.
    expectClose(
      await values(apply(net, x)),
      golden.y,
      { relative: GPU_LOSS_RELATIVE, absolute: GPU_LOSS_RELATIVE },
      'y',
    );
    expect(net.state.bn.num_batches_tracked).toBe(3);
  });

  test("and is written back as PyTorch's, name by name and number by number", async () => {
    const device = await open();
    const written = parseSafetensors(await formatWeights(parseWeights(file, init(device))));
    const { tensors } = parseSafetensors(file);
    expect([...written.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, { shape, data }] of tensors) {
      expect(written.tensors.get(name)?.shape, name).toEqual(shape);
      expect(Array.from(written.tensors.get(name)!.data, Number), name).toEqual(Array.from(data, Number));
    }
    expect(written.metadata).toEqual({ format: 'pt' });
  });

  test('integers, half floats, counters and settings go there and back', async () => {
    const device = await open();
    const tree = (n: number) => ({
      index: device.tensor(Int32Array.of(-n, n)),
      seed: device.tensor(Uint32Array.of(n, 2 ** 32 - n)),
      layers: [{ weight: device.tensor([[n, 0.5]]) }, device.tensor(n)],
      steps: n,
      rate: n / 8,
      name: `net ${n}`,
      none: null,
    });
    const back = parseWeights(await formatWeights(tree(3)), tree(5));
    const want = tree(3);
    expect([await values(back.index), await values(back.seed)]).toEqual([
      [-3, 3],
      [3, 2 ** 32 - 3],
    ]);
    expect(await values((back.layers[0] as { weight: Tensor }).weight)).toEqual([3, 0.5]);
    expect([back.steps, back.rate]).toEqual([want.steps, want.rate]);
    expect([back.name, back.none]).toEqual(['net 5', null]);
  });
});

describe('what does not fit is refused, and nothing is written', () => {
  const device = cpu();
  const tree = () => ({
    fc: { weight: device.tensor([[1, 2]]), bias: device.tensor([3]) },
    n: device.tensor(new Int32Array(1)),
  });

  test.each<[string, unknown, RegExp]>([
    [
      'a name more',
      { fc: { weight: device.tensor([[7, 7]]) } },
      /net.bin: checkpoint of another model: 2 missing \(fc.bias, n\)/,
    ],
    ['a name less', { ...tree(), more: device.tensor(1) }, /1 unexpected \(more\)/],
    [
      'another shape',
      { ...tree(), fc: { weight: device.tensor([[7], [7]]), bias: device.tensor([7]) } },
      /fc.weight \[2, 1\] not \[1, 2\]/,
    ],
    ['fractions for integers', { ...tree(), n: device.tensor([0.5]) }, /net.bin: "n" holds fractions/],
  ])('%s', async (_, saved, message) => {
    const own = tree();
    const bytes = await formatWeights(saved);
    expect(() => parseWeights(bytes, own, { where: 'net.bin' })).toThrow(message);
    expect(() => parseWeights(bytes, own)).toThrow(DataError);
    expect(await values(own.fc.weight)).toEqual([1, 2]);
  });

  test('strict: false takes what there is', async () => {
    const own = tree();
    parseWeights(await formatWeights({ fc: { bias: device.tensor([9]) }, other: device.tensor(1) }), own, {
      strict: false,
    });
    expect([await values(own.fc.weight), await values(own.fc.bias)]).toEqual([[1, 2], [9]]);
  });

  test.each<[unknown, RegExp]>([
    [{ layers: new Map([['a', device.tensor(1)]]) }, /weights: 'layers' is a Map; nest tensors in plain records/],
    [{ a: { f: () => 1 } }, /weights: 'a.f' is a function/],
    [{ data: new Float32Array(2) }, /weights: 'data' is a Float32Array/],
    [{ params: { a: device.tensor(1) }, state: { a: device.tensor(2) } }, /two tensors are named 'a'/],
    [{ a: { b: device.tensor(1) }, 'a.b': device.tensor(2) }, /two tensors are named 'a.b'/],
  ])('%j is no tree of weights', async (saved, message) => {
    await expect(formatWeights(saved)).rejects.toThrow(message);
  });
});

describe('files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgrad-weights-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('two lines save a network and load it into another', async () => {
    const device = cpu();
    const path = join(folder, 'net.safetensors');
    const net = parseWeights(file, init(device));
    await saveWeights(net, path);
    const other = await loadWeights(path, init(device));
    const x = permute(device.tensor(golden.x), { order: [0, 2, 3, 1] });
    expect(await values(apply(other, x))).toEqual(await values(apply(net, x)));
    expect(other.state.bn.num_batches_tracked).toBe(3);
  });

  test('a file that is not there, is cut, or is of another network is refused by its name', async () => {
    const own = () => ({ w: cpu().tensor([1]) });
    const path = join(folder, 'cut.safetensors');
    await expect(loadWeights(join(folder, 'none.safetensors'), own())).rejects.toThrow(
      /none.safetensors: the file .* not exist/,
    );
    writeFileSync(path, file.slice(0, 200));
    await expect(loadWeights(path, own())).rejects.toThrow(/cut.safetensors: /);
    writeFileSync(path, file);
    await expect(loadWeights(path, own())).rejects.toThrow(
      /cut.safetensors: checkpoint of another model: 1 missing \(w\)/,
    );
    await expect(loadWeights(path, own(), { strict: false })).resolves.toBeTruthy();
  });

  test('what cannot be saved leaves the file that was there, and nothing beside it', async () => {
    const path = join(folder, 'kept.safetensors');
    await saveWeights({ w: cpu().tensor([7]) }, path);
    await expect(saveWeights({ w: new Map() }, path)).rejects.toThrow(DataError);
    expect(await values((await loadWeights(path, { w: cpu().tensor([1]) })).w)).toEqual([7]);
    expect(readdirSync(folder).filter((name) => name.startsWith('kept'))).toEqual(['kept.safetensors']);
  });
});
