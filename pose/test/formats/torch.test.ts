import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, Rng } from 'wgrad';
import { runTorch, torchPython } from '../../../test/python.js';
import { isTorchFile, readTorchState } from '../../src/formats/torch/torchState.js';
import { loadWeights, readWeightsFile } from '../../src/node/weightsFiles.js';
import golden from '../golden/torch_files.json' with { type: 'json' };

type Expected = Record<'dtypes' | 'training', Record<string, { shape: number[]; data: string }>>;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgrad-torch-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const committed = (name: string) =>
  new Uint8Array(Buffer.from(golden.files[name as keyof typeof golden.files], 'base64'));

const numbers = (text: string) =>
  text === '' ? [] : text.split(' ').map((word) => Number(word.replace('inf', 'Infinity').replace('nan', 'NaN')));

/** Holds a file of either kind to what PyTorch says is in it. */
async function expectContents(bytes: Uint8Array, file: string, expected: Expected): Promise<void> {
  expect(isTorchFile(bytes)).toBe(true);
  const state = await readTorchState(bytes, file);
  const kind = file.startsWith('dtypes') ? 'dtypes' : 'training';
  expect(state.format).toBe(file.includes('zip') ? 'PyTorch zip' : 'PyTorch legacy');
  // The training code wrapped its model.
  const want = Object.fromEntries(
    Object.entries(expected[kind]).map(([name, one]) => [kind === 'dtypes' ? name : `module.${name}`, one]),
  );
  expect([...state.tensors.keys()]).toEqual(Object.keys(want));
  for (const [name, { shape, data }] of state.tensors) {
    expect(shape, name).toEqual(want[name].shape);
    const exact = data instanceof BigInt64Array ? want[name].data.split(' ').map(BigInt) : numbers(want[name].data);
    expect([...data], name).toEqual(exact);
  }
  if (kind === 'dtypes') {
    const dtypes = Object.fromEntries([...state.tensors].map(([name, t]) => [name, t.widenedFrom ?? t.dtype]));
    expect(dtypes).toMatchObject({ f64: 'F64', f32: 'F32', f16: 'F16', bf16: 'BF16', i64: 'I64', bool: 'BOOL' });
    expect(state.part).toBe('');
  } else {
    expect(state.part).toBe('state_dict');
    expect(state.parts).toEqual(['ema_state_dict']);
    expect(state.metadata).toMatchObject({ epoch: '7', 'meta.time': 'today', 'meta.best': '0.5', 'meta.iter': '12' });
  }
}

describe('files of torch.save', () => {
  const names = ['dtypes-zip', 'dtypes-legacy', 'training-zip', 'training-legacy'];
  test.each(names)('%s, committed, gives its tensors', (name) =>
    expectContents(committed(name), name, golden.expected),
  );

  test('another part is read on request, and a missing one is refused with those that are there', async () => {
    const { tensors } = await readTorchState(committed('training-zip'), 'x.pth', 'ema_state_dict');
    expect([...tensors.keys()]).toEqual(['module.weight', 'module.bias', 'steps']);
    await expect(readTorchState(committed('training-zip'), 'x.pth', 'ema')).rejects.toThrow(
      'x.pth: it holds no state dict "ema"; dicts with tensors: state_dict, ema_state_dict',
    );
  });

  test('a whole module gives its state dict', async () => {
    const { part, tensors, unknown } = await readTorchState(committed('module-zip'), 'x.pth');
    expect([part, [...tensors.keys()]]).toEqual(['', ['weight', 'bias']]);
    expect(unknown).toEqual(['torch.nn.modules.linear.Linear']);
  });

  test('a file is told by its content, whatever it is called', async () => {
    const path = join(folder, 'weights.safetensors');
    writeFileSync(path, committed('dtypes-legacy'));
    expect((await readWeightsFile(path)).format).toBe('PyTorch legacy');
    expect((await loadWeights(path)).get('u8')?.data).toEqual(Uint8Array.of(255));
    writeFileSync(path, 'PyTorch? No, just some text.');
    await expect(readWeightsFile(path)).rejects.toThrow(/: neither safetensors nor a file of PyTorch/);
  });

  test.each([
    ['tensor-zip', 'it holds a TorchTensor without one state dict; dicts with tensors: none'],
    ['expanded-zip', 'tensor "a": [1000] with strides [0] from 0 reads 1000 values up to number 1, its storage has 1'],
  ])('%s is refused', async (name, message) => {
    const error = await readTorchState(committed(name), 'x.pth').catch((e) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
  });

  test('damaged, they are a DataError or other numbers, never another error', async () => {
    const rng = new Rng(23);
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const source = committed(names[round % 4]);
      const bytes = source.slice(0, rng.uniform() < 0.2 ? rng.int(source.length) : source.length);
      for (let flips = 1 + rng.int(3); flips > 0 && bytes.length > 0; flips--) {
        bytes[rng.int(bytes.length)] ^= 1 << rng.int(8);
      }
      // A zip is caught by its checksums; the legacy format has none, so its pickles bear the brunt.
      const error = await readTorchState(bytes, 'spoilt.pth').then(
        () => undefined,
        (e) => e,
      );
      if (error !== undefined) {
        expect(error).toBeInstanceOf(DataError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

describe.runIf(torchPython)("files of this machine's PyTorch", () => {
  test('give their tensors, in both formats and in younger pickle protocols', async () => {
    runTorch(fileURLToPath(new URL('../golden/make_torch_files.py', import.meta.url)), folder);
    const expected = JSON.parse(
      readFileSync(join(folder, 'expected.json'), 'utf8').replaceAll('NaN', 'null'),
    ) as Expected;
    for (const kind of ['dtypes', 'training']) {
      for (const variant of ['zip', 'legacy', 'zip4', 'legacy4']) {
        const name = `${kind}-${variant}`;
        await expectContents(new Uint8Array(readFileSync(join(folder, `${name}.pth`))), name, expected);
      }
    }
  });
});
