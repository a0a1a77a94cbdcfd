import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError, Rng } from 'wgrad';
import { figures } from '../../src/figures/figures.js';
import { openDataset } from '../../src/node/datasets/openDataset.js';

const lsp = (data: string) => openDataset({ data, figures: 0 });

import { DataWorkers } from '../../src/node/train/dataWorkers.js';
import { TrainingBatches } from '../../src/train/batches.js';
import type { TrainConfig } from '../../src/train/config.js';
import type { CropBatch } from '../../src/train/cropBatch.js';
import { type BatchSource, Prefetch } from '../../src/train/prefetch.js';
import { type LoadedData, loadData } from '../../src/train/samples.js';
import { TINY } from './runs.js';

const IMAGES = 12;
const JOINT_WEIGHTS = Array.from({ length: 14 }, (_, k) => 1 + k / 8);
const CONFIG: TrainConfig = { ...TINY, batch: 3, epochs: 2, size: 24, colour: 0.2 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgrad-workers-'));
  await writePhotographs(join(folder, 'images'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Noisy pictures of different sizes, with a person somewhere. */
async function writePhotographs(images: string): Promise<void> {
  await mkdir(images);
  const rng = new Rng(4);
  const items = [];
  for (let n = 0; n < IMAGES; n++) {
    const [width, height] = [30 + rng.int(40), 30 + rng.int(40)];
    const file = `im${n}.png`;
    const data = Uint8Array.from({ length: width * height * 3 }, () => rng.int(256));
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(join(images, file));
    const xy = Array.from({ length: 14 }, () => [1 + rng.int(width), 1 + rng.int(height)]);
    items.push({ file, xy, split: n < 9 ? 'train' : 'test' });
  }
  await writeFile(join(folder, 'joints.json'), JSON.stringify({ items }));
}

/** All batches of two epochs, with so many workers and so much memory to hold images in. */
async function twoEpochs(
  count: number,
  memory?: number,
  config = CONFIG,
  open = () => lsp(folder),
): Promise<CropBatch[]> {
  const workers = count === 0 ? undefined : new DataWorkers(count);
  try {
    const data = await loadData(await open(), { workers, memory });
    expect(data.train.held?.length).toBe(memory === 0 || data.train.endless ? undefined : 9);
    const batches = workers?.batches(data, config) ?? new TrainingBatches(data, config);
    const all: CropBatch[] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let index = 0; index < batches.length; index++) all.push(await batches.at(epoch, index));
    }
    return all;
  } finally {
    await workers?.close();
  }
}

describe('data workers', () => {
  let expected: CropBatch[];
  beforeAll(async () => {
    expected = await twoEpochs(0);
    expect(expected).toHaveLength(6);
  });

  test.each([
    [1, undefined],
    [2, undefined],
    [4, undefined],
    [0, 0],
    [3, 0],
  ])('%d of them, memory %s: the same bits', async (count, memory) => {
    expect(await twoEpochs(count, memory)).toEqual(expected);
  });

  test.each(['official', 'mmpose', 'h36m'] as const)('%s: the same bits from any number of them', async (augment) => {
    const config = { ...CONFIG, augment, jointWeights: JOINT_WEIGHTS };
    const alone = await twoEpochs(0, undefined, config);
    expect(alone).not.toEqual(expected);
    expect(await twoEpochs(3, undefined, config)).toEqual(alone);
  });

  test('of figures that never repeat: the same bits from any number of them', async () => {
    const endless = async () => figures({ train: 9, test: 3, endless: true });
    const alone = await twoEpochs(0, undefined, CONFIG, endless);
    const [first, second] = [alone.slice(0, 3), alone.slice(3)].map((epoch) => epoch.map(({ pixels }) => pixels));
    expect(first).not.toEqual(second);
    expect(await twoEpochs(2, undefined, CONFIG, endless)).toEqual(alone);
  });

  test('what they hand over is not shared memory, which crashes Dawn', async () => {
    for (const array of Object.values((await twoEpochs(1))[0])) expect(array.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test('a broken image is named, when it is loaded and when it is streamed', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'wgrad-broken-'));
    const workers = new DataWorkers(2);
    try {
      await copyFile(join(folder, 'joints.json'), join(broken, 'joints.json'));
      await mkdir(join(broken, 'images'));
      await writeFile(join(broken, 'images', 'im0.png'), 'no picture');
      const dataset = await lsp(broken);
      await expect(loadData(dataset, { workers })).rejects.toThrow(DataError);
      await expect(loadData(dataset, { workers })).rejects.toThrow(/images.im\d\.png: cannot be read as an image/);
      const { train } = dataset;
      const data = { dataset, train: { ...train, sample: () => Promise.reject(new Error('not here')) }, test: [] };
      const batch = workers.batches(data, CONFIG).at(0, 0);
      await expect(batch).rejects.toThrow(DataError);
      await expect(batch).rejects.toThrow(/images.im\d\.png: cannot be read as an image/);
    } finally {
      await workers.close();
      await rm(broken, { recursive: true });
    }
  });

  test('closed in the middle of work, they are gone and say so', async () => {
    const workers = new DataWorkers(2);
    const data = await loadData(await lsp(folder), { workers });
    const batches = workers.batches(data, CONFIG);
    const pending = batches.at(0, 0);
    await workers.close();
    await expect(pending).rejects.toThrow('the data workers were closed');
    await expect(batches.at(0, 1)).rejects.toThrow('the data workers were closed');
  });

  test('an aborted load ends with the reason of its signal', async () => {
    const workers = new DataWorkers(1);
    const stop = new AbortController();
    const loading = loadData(await lsp(folder), {
      workers,
      signal: stop.signal,
      onProgress: () => stop.abort('enough'),
    });
    await expect(loading).rejects.toBe('enough');
    await workers.close();
  });
});

describe('Prefetch', () => {
  /** Batches that note when they are asked for and come when they are told to. */
  function recorded(length: number): BatchSource & { readonly asked: string[] } {
    const asked: string[] = [];
    const at = async (epoch: number, index: number) => {
      asked.push(`${epoch}.${index}`);
      return { places: Uint32Array.of(epoch, index) } as unknown as CropBatch;
    };
    return { length, at, asked };
  }

  test('asks for the next ones, over the end of an epoch, but never for more than it may nor beyond the last', async () => {
    const source = recorded(3);
    const ahead = new Prefetch(source, 2, 2);
    expect(Array.from((await ahead.at(0, 0)).places)).toEqual([0, 0]);
    expect(source.asked).toEqual(['0.0', '0.1', '0.2']);
    await ahead.at(0, 1);
    expect(source.asked.slice(3)).toEqual(['1.0']);
    for (const index of [2, 3, 4, 5]) await ahead.at(Math.floor(index / 3), index % 3);
    expect(source.asked).toEqual(['0.0', '0.1', '0.2', '1.0', '1.1', '1.2']);
  });

  test('gives what was asked for when a run starts elsewhere', async () => {
    const ahead = new Prefetch(recorded(3), 9, 2);
    await ahead.at(0, 0);
    expect(Array.from((await ahead.at(4, 1)).places)).toEqual([4, 1]);
    expect(Array.from((await ahead.at(4, 2)).places)).toEqual([4, 2]);
  });

  test('an error waits for whoever asks for its batch', async () => {
    const source = { length: 3, at: (_: number, index: number) => Promise.reject(new DataError(`batch ${index}`)) };
    const ahead = new Prefetch(source as BatchSource, 1, 2);
    await expect(ahead.at(0, 0)).rejects.toThrow('batch 0');
    await wait(5);
    await expect(ahead.at(0, 1)).rejects.toThrow('batch 1');
  });
});

test('a batch of the data set on disk has every label of its images', async () => {
  const data: LoadedData = await loadData(await lsp(folder));
  const { weight } = await new TrainingBatches(data, CONFIG).at(0, 0);
  expect(weight.every((w) => w === 1)).toBe(true);
});

describe('a process', () => {
  const url = (path: string) => JSON.stringify(new URL(`../../src/${path}.ts`, import.meta.url).href);

  /** What a program that trains says before it ends by itself. */
  function outputOf(body: string): Promise<string> {
    const program = `
      const { DataWorkers } = await import(${url('node/train/dataWorkers')});
      const { loadData } = await import(${url('train/samples')});
      const { openDataset } = await import(${url('node/datasets/openDataset')});
      const workers = new DataWorkers(2);
      const ask = async () => {
        const data = await loadData(await openDataset({ data: ${JSON.stringify(folder)}, figures: 0 }), { workers });
        return workers.batches(data, ${JSON.stringify(CONFIG)}).at(0, 0);
      };
      ${body}`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    return promisify(execFile)(process.execPath, args, { timeout: 600_000 }).then(({ stdout }) => stdout);
  }

  test('ends by itself, whether it closes its workers or not, and not before they are closed', async () => {
    const outputs = await Promise.all([
      outputOf("console.log('never used');"),
      outputOf("await ask(); console.log('left open');"),
      outputOf("await ask(); await workers.close(); console.log('closed');"),
    ]);
    expect(outputs).toEqual(['never used\n', 'left open\n', 'closed\n']);
  });

  test('does not end before its threads, though an answer comes while they end', async () => {
    const entry = join(folder, 'slowToEnd');
    await writeFile(
      `${entry}.ts`,
      `import { pbkdf2Sync } from 'node:crypto';
      import { parentPort } from 'node:worker_threads';
      parentPort.on('message', () => {
        parentPort.postMessage({ value: 1 });
        pbkdf2Sync('native code', 'is not interrupted', 1_000_000, 8, 'sha1');
      });`,
    );
    const output = await outputOf(`
      const { ThreadPool } = await import(${url('node/train/threadPool')});
      const pool = new ThreadPool(new URL(${JSON.stringify(pathToFileURL(entry).href)}), 1);
      await pool.run(1);
      pool.run(2).catch(() => {});
      for (const end = Date.now() + 2000; Date.now() < end; ); // until the thread has answered, which is not read yet
      await pool.close();
      console.log('closed');`);
    expect(output).toBe('closed\n');
  });
});
