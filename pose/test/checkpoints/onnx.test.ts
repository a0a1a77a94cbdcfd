import protobuf from 'protobufjs/light.js';
import { describe, expect, test } from 'vitest';
import { applyAffine } from '../../src/affine.js';
import type { Conventions } from '../../src/checkpoints/conventions.js';
import { onnxNetwork } from '../../src/checkpoints/onnxNetwork.js';
import { inputInWords } from '../../src/checkpoints/preprocessingText.js';
import { cropAround, inputToImage } from '../../src/crop.js';
import type { Box } from '../../src/dataset.js';
import { frameOf } from '../../src/datasets/people.js';
import { formatOnnx } from '../../src/formats/onnx.js';
import { ONNX_MESSAGES } from '../../src/formats/onnxMessages.js';
import { checkpoints, withHead, withoutSigma } from './committedCheckpoints.js';

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

/** What each network answers. */
const OUTPUTS: Readonly<Record<string, readonly string[]>> = {
  'mmpose1-mobilenet': ['maps'],
  'microsoft-hrnet': ['maps'],
  'mmpose1-dsnt': ['mu'],
};

describe.each(Object.entries(checkpoints))('%s as ONNX', (name, read) => {
  test('every node has what it needs, in order, and the weights are the file’s', async () => {
    const checkpoint = await read();
    const model = decode(await formatOnnx(onnxNetwork(checkpoint)));
    const { node, initializer, input, output } = model.graph;
    expect(model.opsetImport).toEqual([{ version: 17 }]);
    // An input without a name is left out.
    const known = new Set(['', ...[...input, ...initializer].map((value) => value.name)]);
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
    expect(output.map((value) => value.name)).toEqual(OUTPUTS[name] ?? ['mu', 'sigma']);
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

test('the file knows the joints of its run', async () => {
  const checkpoint = await checkpoints['official-legacy']();
  const joints = Array.from({ length: checkpoint.architecture.joints }, (_, k) => `left petal ${k}`);
  const schema = { name: 'flower', joints, limbs: [], upperBody: [], oksSigmas: joints.map((_, k) => 0.01 * (k + 1)) };
  const { metadataProps } = decode(await formatOnnx(onnxNetwork({ ...checkpoint, schema })));
  expect(JSON.parse(metadataProps.find(({ key }) => key === 'schema')?.value ?? '')).toEqual(schema);
});

test('a network without sigmas has mu alone, and other networks are refused', async () => {
  const checkpoint = await checkpoints['official-legacy']();
  expect(onnxNetwork(withoutSigma(checkpoint)).outputs.map((value) => value.name)).toEqual(['mu']);
  expect(() => onnxNetwork(withHead(checkpoint, { head: 'none' }))).toThrow(/a backbone without a head/);
  expect(() => onnxNetwork(withHead(checkpoint, { backbone: undefined }))).toThrow(/not a ResNet, a MobileNetV2 or an/);
});

test.each([
  { pixel: 0, udp: false },
  { pixel: 0.5, udp: false },
  { pixel: 0, udp: true },
])('the words about preprocessing are the crop that predict makes: %o', async (of) => {
  const { conventions } = await checkpoints['official-legacy']();
  const told: Conventions = { ...conventions, size: [40, 30], padding: 1.4, ...of };
  const number = /[\d.]+/;
  const numbers = (text: RegExp) => {
    const source = text.source.replaceAll('#', `(${number.source})`);
    return (new RegExp(source).exec(inputInWords(told)) as RegExpExecArray).slice(1).map(Number);
  };
  const [aspectWidth, aspectHeight] = numbers(/extended to #:#/);
  const [padding] = numbers(/both sides times #,/);
  const [du, columns, dv, rows] = numbers(/\(u \+ #\) \/ # of its width.*\(v \+ #\) \/ # of its height/);
  const [pictureWidth, pictureHeight] = [50, 60];
  // Within the picture, beyond its left and top, beyond its right and bottom.
  for (const [x, y, w, h] of [
    [5, 6, 20, 10],
    [-7, -3, 30, 40],
    [33, 41, 90, 70],
  ] as Box[]) {
    const [left, top] = [Math.max(x, 0), Math.max(y, 0)];
    const [right, bottom] = [Math.min(x + w, pictureWidth) - 1, Math.min(y + h, pictureHeight) - 1];
    const aspect = aspectWidth / aspectHeight;
    const [width, height] = [
      Math.max(right - left, (bottom - top) * aspect),
      Math.max(bottom - top, (right - left) / aspect),
    ];
    const crop = cropAround(frameOf({ box: [x, y, w, h] }, [pictureWidth, pictureHeight]) as Box, {
      padding: told.padding,
      aspect: 30 / 40,
    });
    const matrix = inputToImage(crop, 30, 40, told.pixel, told.udp);
    for (const [u, v] of [
      [0, 0],
      [29, 39],
      [11, 4],
    ]) {
      const column = (left + right) / 2 + padding * width * ((u + du) / columns - 0.5);
      const row = (top + bottom) / 2 + padding * height * ((v + dv) / rows - 0.5);
      const [wantX, wantY] = applyAffine(matrix, u, v);
      expect([column, row].map((value) => value.toFixed(9))).toEqual([wantX, wantY].map((value) => value.toFixed(9)));
    }
  }
});
