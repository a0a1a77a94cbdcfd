import type { StateTensor } from 'wgrad/io';

/** The version of ONNX's operators, from 2021, in which the nodes are written; all current runtimes read it. */
export const OPSET = 17;
const IR_VERSION = 8;

/** An attribute of an operator: `{ float }`, a text, or a whole number or a list of them. */
export type OnnxAttribute = number | readonly number[] | string | { readonly float: number };

/** One operator with a single output. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A float32 input or output; a dimension with a name may have any size. */
export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  /** What the value means. */
  readonly doc: string;
}

/** What a model computes. */
export interface OnnxModel {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** In an order in which each node stands behind those that it needs. */
  readonly nodes: readonly OnnxNode[];
  /** Weights by name; `BigInt64Array` stays an array of integers, everything else becomes float32. */
  readonly constants: ReadonlyMap<string, StateTensor>;
  /** What a program should know about the model. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Numbers of data types and attribute types in onnx.proto. */
const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE = { float: 1, int: 2, string: 3, ints: 7 };

/** The bytes of a model as an .onnx file, in opset 17. */
export async function formatOnnx(model: OnnxModel): Promise<Uint8Array> {
  // The library is only loaded when a model is exported.
  const [{ default: protobuf }, { ONNX_MESSAGES }] = await Promise.all([
    import('protobufjs/light.js'),
    import('./onnxMessages.js'),
  ]);
  const message = protobuf.Root.fromJSON(ONNX_MESSAGES).lookupType('ModelProto');
  const content = {
    irVersion: IR_VERSION,
    producerName: 'wgrad',
    // The version of the operators without a domain, which are ONNX's own.
    opsetImport: [{ version: OPSET }],
    graph: {
      name: model.name,
      node: model.nodes.map(({ op, inputs, output, attributes = {} }) => ({
        name: output,
        opType: op,
        input: inputs,
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attribute(value) })),
      })),
      initializer: [...model.constants].map(([name, tensor]) => ({ name, ...constant(tensor) })),
      input: model.inputs.map(value),
      output: model.outputs.map(value),
    },
    metadataProps: Object.entries(model.metadata).map(([key, text]) => ({ key, value: text })),
  };
  return message.encode(message.create(content)).finish();
}

function attribute(value: OnnxAttribute) {
  if (typeof value === 'number') return { type: ATTRIBUTE.int, i: value };
  if (typeof value === 'string') return { type: ATTRIBUTE.string, s: new TextEncoder().encode(value) };
  return 'float' in value ? { type: ATTRIBUTE.float, f: value.float } : { type: ATTRIBUTE.ints, ints: value };
}

function constant({ shape, data }: StateTensor) {
  const raw = data instanceof BigInt64Array ? data : Float32Array.from(data as ArrayLike<number>);
  return {
    dims: shape,
    dataType: raw instanceof BigInt64Array ? INT64 : FLOAT,
    // Little-endian, like every machine that runs Node.
    rawData: new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength),
  };
}

function value({ name, shape, doc }: OnnxValue) {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, docString: doc, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}
