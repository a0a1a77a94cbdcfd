import onnxProto from 'onnx-proto';
import type { HostArray } from '../../../src/testing/hostArray.js';

/** The definitions are a CommonJS module. */
const { onnx } = onnxProto;

const FLOAT = 1;
const INT64 = 7;
const { INT, INTS } = onnx.AttributeProto.AttributeType;

/** One operator; attributes are whole numbers or lists of them. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** What a model computes: float constants, the nodes in order, and the names and ranks of what leaves it. */
export interface OnnxGraph {
  readonly constants: ReadonlyMap<string, HostArray>;
  readonly integers?: ReadonlyMap<string, readonly number[]>;
  readonly nodes: readonly OnnxNode[];
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** The bytes of a model without inputs: its operands are constants, so that running it uploads nothing. */
export function onnxModel({ constants, integers = new Map(), nodes, outputs }: OnnxGraph): Uint8Array {
  const floats = [...constants].map(([name, { shape, data }]) => ({
    ...{ name, dims: [...shape], dataType: FLOAT },
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  const whole = [...integers].map(([name, values]) => ({
    ...{ name, dims: [values.length], dataType: INT64 },
    rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  }));
  const graph = {
    name: 'row',
    initializer: [...floats, ...whole],
    node: nodes.map(({ op, inputs, output, attributes = {} }) => ({
      ...{ opType: op, input: [...inputs], output: [output] },
      attribute: Object.entries(attributes).map(([name, value]) =>
        typeof value === 'number' ? { name, type: INT, i: value } : { name, type: INTS, ints: [...value] },
      ),
    })),
    output: outputs.map(({ name, shape }) => ({
      name,
      type: { tensorType: { elemType: FLOAT, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
    })),
  };
  const model = { irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph };
  return onnx.ModelProto.encode(onnx.ModelProto.fromObject(model)).finish();
}
