import { formatCheckpoint, formatSafetensors, type StateTensor } from 'wgrad/io';
import type { Architecture } from '../src/checkpoints/architecture.js';
import { shapesOf } from '../src/checkpoints/architecture.js';
import { flowMask } from '../src/checkpoints/flowMask.js';
import { namingCalled } from '../src/checkpoints/namings.js';
import { poseCheckpointOf } from '../src/checkpoints/poseCheckpoint.js';
import { parseWeightsFile, type WeightsFile } from '../src/formats/weightsFile.js';
import { makeConfig } from '../src/train/makeConfig.js';
import files from '../test/golden/torch_files.json' with { type: 'json' };

/** Files that torch.save wrote, zips and those of older versions. */
export const torchFiles = (kind: 'zip' | 'legacy'): Uint8Array[] =>
  Object.entries(files.files)
    .filter(([name]) => name.endsWith(kind))
    .map(([, base64]) => new Uint8Array(Buffer.from(base64, 'base64')));

const network: Architecture = {
  backbone: { kind: 'resnet', depth: 18, width: 1, stem: 3, channels: 8 },
  head: 'rle',
  sigma: true,
  joints: 2,
  dims: 2,
  flows: [{ name: 'flow', dims: 2, couplings: 2, hidden: 2 }],
};

const conventions = {
  ...{ size: [64, 48], mean: [0.4, 0.4, 0.4], std: [1, 1, 1], padding: 1.25, origin: 0.5, pixel: 0, normalise: true },
  maps: { decode: 'peak', refine: 'dark', kernel: 11 },
} as const;

const state = (): Map<string, StateTensor> =>
  new Map(
    [...shapesOf(network)].map(([name, shape]) => {
      return [name, { shape, data: new Float32Array(shape.reduce((n, size) => n * size, 1)) }];
    }),
  );

const config = {
  config: makeConfig({}, 'cpu'),
  padding: 1.25,
  history: [{ epoch: 1, imagesPerSecond: 90, trainLoss: 0.5, pck20: 0.1 }],
};
const progress = { epoch: 1, step: 9, best: 0.1, counters: { batch: 0, lossSum: 0, lossCount: 0, seconds: 1 } };

/** safetensors: without and with a checksum, and a checkpoint. */
export const safetensorsFiles = (): Uint8Array[] => {
  const few = new Map([...state()].slice(0, 3));
  const checkpoint = { model: few, optimizer: few, config, progress };
  return [
    formatSafetensors(few, { format: 'pt' }),
    formatSafetensors(few, { format: 'pt' }, { checksum: true }),
    formatCheckpoint(checkpoint as never),
  ];
};

/** The metadata of networks and runs, as JSON. */
export const metadataTexts = (): string[] => [
  JSON.stringify({ conventions }),
  JSON.stringify({ wgrad: '1', config, progress }),
  JSON.stringify({ 'meta.cfg': 'input_size=(192, 256) unbiased=True modulate_kernel=11 beta=1.5 use_udp=True' }),
];

/** Names and shapes of networks in the names of each code, as JSON. */
export const nameTexts = (): string[] =>
  (['official', 'mmpose', 'torchvision'] as const).map((name) => {
    const named = namingCalled(name).fromOwn(state(), { size: [64, 48] });
    return JSON.stringify([...named].map(([key, { shape }]) => [key, shape]));
  });

/** The network of named shapes, all zeros; a shape of too many numbers is one of none. */
export function networkOfNames(content: unknown): WeightsFile {
  const tensors = new Map<string, StateTensor & { dtype: 'F32' }>();
  for (const entry of Array.isArray(content) ? content : []) {
    const [name, shape] = Array.isArray(entry) ? entry : [];
    if (typeof name !== 'string' || !Array.isArray(shape)) continue;
    const sizes = shape.filter((size) => Number.isSafeInteger(size) && size >= 0);
    const size = sizes.reduce((n, one) => n * one, 1);
    const own = size <= 1e5 ? sizes : [...sizes, 0];
    const isMask = name.endsWith('mask') && own.length === 2 && size <= 1e5;
    const { data } = isMask ? flowMask(own[1], own[0]) : { data: new Float32Array(size <= 1e5 ? size : 0) };
    tensors.set(name, { dtype: 'F32', shape: own, data });
  }
  return { format: 'safetensors', tensors, metadata: {}, part: '', parts: [], unknown: [] };
}

/** JSON of a value; one that is too deep for it becomes an equally deep list. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '['.repeat(50_000) + ']'.repeat(50_000);
  }
}

/** The network of the seeds with other metadata, each of which is a text or JSON. */
export async function networkOfMetadata(content: unknown) {
  const texts = Object.entries(content ?? {}).map(([key, value]) => {
    return [key, typeof value === 'string' ? value : textOf(value)];
  });
  const bytes = formatSafetensors(state(), Object.fromEntries(texts));
  return { bytes, checkpoint: poseCheckpointOf(await parseWeightsFile(bytes, 'fuzz'), 'fuzz') };
}
