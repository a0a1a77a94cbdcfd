import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import protobuf from 'protobufjs/light.js';
import { describe, expect, test } from 'vitest';
import { formatOnnx } from '../../../src/io/onnx.js';
import { ONNX_MESSAGES } from '../../../src/io/onnxMessages.js';
import { readTorchState } from '../../../src/io/torch/torchState.js';
import { onnxRegressor } from '../../../src/pose/checkpoints/onnxRegressor.js';
import { type PoseCheckpoint, poseCheckpointOf } from '../../../src/pose/checkpoints/poseCheckpoint.js';
import { expectCloseInNorm, flat } from '../../numbers.js';
import { GPU_LOSS_RELATIVE } from '../../tolerance.js';
import { committedModel, committedModels, type ModelGolden } from './torchModels.js';

/** A committed network that takes the images of its golden. */
async function checkpointOf(name: string, { size }: ModelGolden): Promise<PoseCheckpoint> {
  const file = { ...(await readTorchState(committedModel(name), name)), format: 'safetensors' as const };
  const { conventions, ...rest } = poseCheckpointOf(file, name);
  return { ...rest, conventions: { ...conventions, size: [size[0], size[1]] } };
}

/** The same network without sigmas. */
function withoutSigma({ architecture, state, ...rest }: PoseCheckpoint): PoseCheckpoint {
  const kept = [...state].filter(([name]) => !/^(fc_sigma|flow)/.test(name));
  return { ...rest, architecture: { ...architecture, head: 'regression', flows: [] }, state: new Map(kept) };
}

interface Decoded {
  readonly opsetImport: readonly { readonly version: number }[];
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
  readonly graph: {
    readonly node: readonly { readonly opType: string; readonly input: string[]; readonly output: string[] }[];
    readonly initializer: readonly { readonly name: string; readonly dims: number[]; readonly rawData: Uint8Array }[];
    readonly input: readonly Value[];
    readonly output: readonly Value[];
  };
}

interface Value {
  readonly name: string;
  readonly type: { readonly tensorType: { readonly shape: { readonly dim: readonly object[] } } };
}

function decode(bytes: Uint8Array): Decoded {
  const message = protobuf.Root.fromJSON(ONNX_MESSAGES).lookupType('ModelProto');
  return message.toObject(message.decode(bytes), { longs: Number, arrays: true }) as Decoded;
}

describe.each(Object.entries(committedModels))('%s as ONNX', (name, golden) => {
  test('every node has what it needs, in order, and the weights are the file’s', async () => {
    const checkpoint = await checkpointOf(name, golden);
    const model = decode(await formatOnnx(onnxRegressor(checkpoint)));
    const { node, initializer, input, output } = model.graph;
    expect(model.opsetImport).toEqual([{ version: 17 }]);
    const known = new Set([...input, ...initializer].map((value) => value.name));
    const unused = new Set(initializer.map((value) => value.name));
    for (const { input: needs, output: gives } of node) {
      for (const need of needs) {
        expect(known).toContain(need);
        unused.delete(need);
      }
      for (const given of gives) {
        expect(known).not.toContain(given);
        known.add(given);
      }
    }
    expect([...unused]).toEqual([]);
    expect(output.map((value) => value.name)).toEqual(['mu', 'sigma']);
    for (const value of [...input, ...output]) {
      expect(known).toContain(value.name);
      expect(value.type.tensorType.shape.dim[0]).toEqual({ dimParam: 'batch' });
    }
    // All weights of the file, and nothing of the flow.
    const weights = [...checkpoint.state].filter(([key]) => !/^flow|num_batches_tracked$|^preact\.fc\./.test(key));
    const exported = new Map(initializer.map((value) => [value.name, value]));
    expect([...exported.keys()].filter((key) => key.startsWith('flow'))).toEqual([]);
    for (const [key, { shape, data }] of weights) {
      const { dims, rawData } = exported.get(key) as (typeof initializer)[number];
      expect(dims).toEqual(shape);
      expect(new Float32Array(Uint8Array.from(rawData).buffer)).toEqual(Float32Array.from(data as Float32Array));
    }
    const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
    expect(JSON.parse(metadata.conventions)).toEqual(checkpoint.conventions);
  });
});

test('a network without sigmas has mu alone, and other networks are refused', async () => {
  const [[name, golden]] = Object.entries(committedModels);
  const checkpoint = await checkpointOf(name, golden);
  expect(onnxRegressor(withoutSigma(checkpoint)).outputs.map((value) => value.name)).toEqual(['mu']);
  const heatmap = { ...checkpoint, architecture: { ...checkpoint.architecture, head: 'heatmap' as const } };
  expect(() => onnxRegressor(heatmap)).toThrow(/not a ResNet with an RLE or regression head/);
});

/** ONNX Runtime comes with the peers of the benchmarks: it is large, and nothing else needs it. */
const peers = join(process.cwd(), 'bench/peers/package.json');
const hasRuntime = existsSync(join(process.cwd(), 'bench/peers/node_modules/onnxruntime-node/package.json'));

interface Session {
  run(feeds: object): Promise<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>;
}
interface Runtime {
  readonly InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => object;
}

describe.runIf(hasRuntime)('ONNX Runtime', () => {
  test.each(Object.entries(committedModels))('computes of %s what PyTorch does', async (name, golden) => {
    const ort = createRequire(peers)('onnxruntime-node') as Runtime;
    const checkpoint = await checkpointOf(name, golden);
    const [height, width] = golden.size;
    const images = Float32Array.from({ length: 2 * 3 * height * width }, (_, i) => Math.sin(i * 0.37));
    const sigma = flat(golden.logit).map((logit) => 1 / (1 + Math.exp(-logit)));
    for (const [kind, source] of Object.entries({ rle: checkpoint, regression: withoutSigma(checkpoint) })) {
      const session = await ort.InferenceSession.create(await formatOnnx(onnxRegressor(source)), {
        executionProviders: ['cpu'],
        intraOpNumThreads: 1,
        logSeverityLevel: 3,
      });
      const run = (count: number) => {
        const data = images.subarray(0, count * 3 * height * width);
        return session.run({ images: new ort.Tensor('float32', data, [count, 3, height, width]) });
      };
      const both = await run(2);
      expect(both.mu.dims).toEqual([2, checkpoint.architecture.joints, checkpoint.architecture.dims]);
      expectCloseInNorm(both.mu.data, golden.mu, GPU_LOSS_RELATIVE, `${kind}: mu`);
      if (kind === 'rle') expectCloseInNorm(both.sigma.data, sigma, GPU_LOSS_RELATIVE, 'sigma');
      const { mu } = await run(1);
      expectCloseInNorm(mu.data, flat(golden.mu).slice(0, mu.data.length), GPU_LOSS_RELATIVE, `${kind}: one image`);
    }
  });
});
