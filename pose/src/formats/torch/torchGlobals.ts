import { ArgumentError, Inert, inert, kindOf, PickleGlobal } from './pickleValues.js';
import { type TorchStorage, TorchTensor } from './torchTensor.js';

/** The class of a storage, such as `torch.FloatStorage`: it tells the dtype of the numbers, `null` for plain bytes. */
export class StorageClass extends PickleGlobal {
  readonly dtype: string | null;

  constructor(name: string, dtype: string | null) {
    super(name);
    this.dtype = dtype;
  }
}

/** The dtypes of PyTorch that wgrad reads, with the prefix of their storage class. */
const DTYPES: readonly (readonly [torch: string, storage: string, dtype: string])[] = [
  ['float64', 'Double', 'F64'],
  ['float32', 'Float', 'F32'],
  ['float16', 'Half', 'F16'],
  ['bfloat16', 'BFloat16', 'BF16'],
  ['int64', 'Long', 'I64'],
  ['int32', 'Int', 'I32'],
  ['int8', 'Char', 'I8'],
  ['uint8', 'Byte', 'U8'],
  ['bool', 'Bool', 'BOOL'],
];

/** Dtypes that PyTorch added after it gave up typed storages. */
const UNTYPED_DTYPES = new Map([...DTYPES.map(([torch, , dtype]) => [torch, dtype] as const), ['uint32', 'U32']]);

/** A dtype as an argument of `_rebuild_tensor_v3`. */
class TorchDtype extends PickleGlobal {
  readonly dtype: string;

  constructor(name: string, dtype: string) {
    super(name);
    this.dtype = dtype;
  }
}

/** A storage that a persistent id gave. The class keeps it apart from everything else in a file. */
export class StorageHandle {
  readonly storage: TorchStorage;

  constructor(storage: TorchStorage) {
    this.storage = storage;
  }
}

function view(storage: unknown, dtype: string | null, offset: unknown, shape: unknown, strides: unknown): TorchTensor {
  if (!(storage instanceof StorageHandle)) throw new ArgumentError(`${kindOf(storage)}, expected a storage`);
  const own = dtype ?? storage.storage.dtype;
  if (own === null) throw new ArgumentError('a storage without a dtype');
  if (dtype !== null && storage.storage.dtype !== null && dtype !== storage.storage.dtype) {
    throw new ArgumentError(`a storage of ${storage.storage.dtype} read as ${dtype}`);
  }
  return new TorchTensor(storage.storage, own, offset, shape, strides);
}

function dict(args: readonly unknown[]): Map<unknown, unknown> {
  const [items = []] = args;
  if (items instanceof Map) return new Map(items);
  const isPair = (item: unknown) => Array.isArray(item) && item.length === 2;
  if (!Array.isArray(items) || !items.every(isPair)) throw new ArgumentError(`${kindOf(items)}, expected pairs`);
  return new Map(items);
}

function set([items = []]: readonly unknown[]): Set<unknown> {
  if (!Array.isArray(items)) throw new ArgumentError(`${kindOf(items)}, expected a list`);
  return new Set(items);
}

/** A NumPy scalar: a number for the dtypes that logs and configurations use, otherwise its raw form. */
function scalar(args: readonly unknown[]): unknown {
  const [dtype, value] = args;
  const code = dtype instanceof Inert && dtype.of === 'numpy.dtype' ? dtype.args[0] : undefined;
  const bytes = value instanceof Inert ? value.args[0] : value;
  // Protocols without bytes make Python 3 write bytes as a text with as many characters.
  const raw = typeof bytes === 'string' ? Uint8Array.from(bytes.slice(0, 16), (c) => c.charCodeAt(0)) : bytes;
  if (!(raw instanceof Uint8Array) || raw.length > 8) return new Inert('numpy.scalar', args);
  const data = new DataView(raw.buffer, raw.byteOffset, raw.length);
  if (code === 'f8' && raw.length === 8) return data.getFloat64(0, true);
  if (code === 'f4' && raw.length === 4) return data.getFloat32(0, true);
  if (code === 'i8' && raw.length === 8) return Number(data.getBigInt64(0, true));
  if (code === 'i4' && raw.length === 4) return data.getInt32(0, true);
  if (code === 'b1' && raw.length === 1) return data.getUint8(0) !== 0;
  return new Inert('numpy.scalar', args);
}

const call = (name: string, build: (args: readonly unknown[]) => unknown) => new PickleGlobal(name, build);

/**
 * The globals that wgrad understands. Each only makes a value from its arguments; everything else that a file names, such
 * as the classes of logs and options, stays inert.
 */
export const torchGlobals: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    call('torch._utils._rebuild_tensor', ([storage, offset, shape, strides]) =>
      view(storage, null, offset, shape, strides),
    ),
    call('torch._utils._rebuild_tensor_v2', ([storage, offset, shape, strides]) =>
      view(storage, null, offset, shape, strides),
    ),
    call('torch._utils._rebuild_tensor_v3', ([storage, offset, shape, strides, , , dtype]) => {
      if (!(dtype instanceof TorchDtype)) throw new ArgumentError(`${kindOf(dtype)}, expected a dtype`);
      return view(storage, dtype.dtype, offset, shape, strides);
    }),
    call('torch._utils._rebuild_parameter', ([tensor]) => tensor),
    call('torch._utils._rebuild_parameter_with_state', ([tensor]) => tensor),
    call('torch.Size', ([sizes]) => sizes),
    inert('torch.device'),
    ...[...UNTYPED_DTYPES].map(([torch, dtype]) => new TorchDtype(`torch.${torch}`, dtype)),
    ...DTYPES.flatMap(([, storage, dtype]) => [
      new StorageClass(`torch.${storage}Storage`, dtype),
      new StorageClass(`torch.cuda.${storage}Storage`, dtype),
    ]),
    new StorageClass('torch.storage.UntypedStorage', null),
    new StorageClass('torch.UntypedStorage', null),

    call('collections.OrderedDict', dict),
    call('collections.Counter', dict),
    // Its argument makes values for missing keys.
    call('collections.defaultdict', () => new Map()),
    ...['builtins', '__builtin__'].flatMap((module) => [call(`${module}.set`, set), call(`${module}.frozenset`, set)]),
    inert('_codecs.encode'),

    inert('numpy.dtype'),
    inert('numpy.ndarray'),
    ...['numpy.core', 'numpy._core'].flatMap((module) => [
      inert(`${module}.multiarray._reconstruct`),
      call(`${module}.multiarray.scalar`, scalar),
    ]),
  ].map((entry) => [entry.name, entry]),
);
