import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { readTorchState } from '../../src/formats/torch/torchState.js';
import {
  bytes,
  cyclic,
  int,
  laughing,
  legacy,
  legacyMagic,
  order,
  storageId,
  tensorDict,
  text,
  torchZip,
  u32,
  u64,
  zip,
} from './torchBytes.js';

const hostile: readonly (readonly [string, Uint8Array, string | RegExp])[] = [
  ['a call of os.system', torchZip(['cos\nsystem\n', ...text('echo 1'), '\x85R']), /a whole os\.system, whose code/],
  [
    'posix.system by STACK_GLOBAL',
    torchZip([...text('posix'), ...text('system'), '\x93)R']),
    /a whole posix\.system, whose code wgrad never runs/,
  ],
  ['eval', torchZip(['c__builtin__\neval\n)R']), /a whole __builtin__\.eval, whose code wgrad never runs/],
  [
    'a method of a class',
    torchZip(['cbuiltins\ngetattr\nccollections\nOrderedDict\n', ...text('fromkeys'), '\x86R)R']),
    /a whole builtins\.getattr, whose code wgrad never runs/,
  ],
  ['a global named like a property', torchZip(['c__proto__\nconstructor\n)R']), /a whole __proto__\.constructor,/],
  [
    'a global named by lists',
    torchZip([...laughing, 'K\x01\x93']),
    'a global is named by a list and a number, expected two short texts',
  ],
  [
    'a tensor that is sparse',
    torchZip(['}', ...text('b'), 'ctorch._utils\n_rebuild_sparse_tensor\n)Rs', ...tensorDict(0, [4], [1]).slice(1)]),
    /tensor "b" is built by torch\._utils\._rebuild_sparse_tensor, which wgrad does not know/,
  ],
  ['INST, an older way to call', torchZip(['(ios\nsystem\n']), 'opcode 0x69 is not read'],
  ['an extension registry', torchZip(['\x82\x01']), 'opcode 0x82 is not read'],
  ['NEWOBJ_EX of nothing', torchZip(['\x92']), 'a value is missing'],
  ['a call of a dict', torchZip(['})R']), 'a dict is called with a list, expected a callable and a tuple'],
  ['a call of a dtype', torchZip(['ctorch\nfloat32\n)R']), 'torch.float32 is called with a list'],
  ['attributes on a number', torchZip(['K\x01}b']), 'attributes are given to a number'],

  ['a text of 4 GiB', torchZip(['X', u32(2 ** 32 - 1)]), /4294967295 bytes expected, 1 are left: damaged file/],
  ['bytes of 2^64', torchZip(['\x8e', u64(2n ** 64n - 1n)]), /18446744073709552000 bytes expected/],
  ['an integer of 2 GiB', torchZip(['\x8b', u32(2 ** 31)]), 'an integer of 2147483648 bytes, expected at most 256'],
  ['a name without an end', torchZip(['cos']), /bytes expected, \d+ are left/],
  ['a memo that was never stored', torchZip(['h\x07']), 'memo 7 was never stored'],
  ['a mark that is missing', torchZip(['t']), 'a mark is missing'],
  ['an empty stack', torchZip(['0']), 'a value is missing'],
  ['a value below a mark', torchZip(['K\x01(0']), 'a value is missing'],
  ['an odd dict', torchZip(['}(K\x01u']), 'a key of a dict has no value'],
  ['a text that is not UTF-8', torchZip(['X', u32(1), '\xff']), 'a text of 1 bytes is not UTF-8'],
  ['no end', zip([{ name: 'net/data.pkl', data: bytes('\x80\x02}') }]), '1 bytes expected, 0 are left'],
  ['a list that holds itself', torchZip(cyclic), 'it holds a list without one state dict'],
  ['a dict that holds itself', torchZip(['}q\x00', ...text('a'), 'h\x00s']), 'it holds a dict without one state dict'],
  [
    'a shape of 3^60 lists',
    torchZip(tensorDict(0, [], [1], storageId(4), laughing)),
    'shape [a list, a list, a list], strides [1] and offset 0 are no view',
  ],

  [
    'an offset beyond the storage',
    torchZip(tensorDict(1, [4], [1])),
    'reads 4 values up to number 5, its storage has 4',
  ],
  ['strides beyond the storage', torchZip(tensorDict(0, [2, 2], [3, 1])), 'up to number 5, its storage has 4'],
  ['a negative stride', torchZip(tensorDict(3, [4], [-1])), 'shape [4], strides [-1] and offset 3 are no view'],
  ['a negative size', torchZip(tensorDict(0, [-4], [1])), 'are no view'],
  ['a size of 2^62 by stride 0', torchZip(tensorDict(0, [2 ** 31 - 1, 2 ** 31 - 1], [0, 0])), 'its storage has 4'],
  ['axes without strides', torchZip(tensorDict(0, [2, 2], [1])), 'are no view'],
  [
    'a tensor of no storage',
    torchZip(tensorDict(0, [4], [1], int(7))),
    'rebuild_tensor_v2: a number, expected a storage',
  ],
  [
    'a storage that claims more than its record',
    torchZip(tensorDict(0, [8], [1], storageId(8))),
    'record "net/data/0" has 16 bytes, expected 32 bytes',
  ],
  [
    'a storage of another file',
    torchZip(tensorDict(0, [4], [1], storageId(4, 'FloatStorage', '../../etc/passwd'))),
    'record "net/data/../../etc/passwd" is missing',
  ],
  [
    'a storage of two dtypes',
    torchZip([...tensorDict(0, [4], [1]), '0', ...tensorDict(0, [2], [1], storageId(2, 'DoubleStorage'))]),
    'storage "0" is claimed with two dtypes or lengths',
  ],
  [
    'complex numbers',
    torchZip(tensorDict(0, [2], [1], storageId(2, 'ComplexFloatStorage'))),
    /a storage of torch\.ComplexFloatStorage, whose numbers wgrad does not read/,
  ],
  [
    'a persistent id that is a module',
    torchZip(['(', ...text('module'), 'tQ']),
    'a persistent id names a whole module',
  ],
  ['an id of a huge storage', torchZip(storageId(-1)), 'a persistent id names a list, expected a storage'],

  ['big-endian numbers', torchZip(tensorDict(0, [4], [1]), [order('big')]), 'written on a big-endian machine'],
  [
    'a TorchScript archive',
    torchZip(['}'], [{ name: 'net/constants.pkl', data: bytes('') }]),
    'a TorchScript archive, a program with its weights; save the weights alone',
  ],
  ['a zip of something else', zip([{ name: 'word/document.xml', data: bytes('<w/>') }]), 'a zip without one data.pkl'],
  [
    'a path out of the folder',
    zip([{ name: '../net/data.pkl', data: bytes('.') }]),
    'not a zip file as PyTorch writes it: invalid relative path',
  ],
  [
    'a compressed record that grows',
    torchZip(['}'], [{ name: 'net/data/1', data: deflateRawSync(new Uint8Array(1e6)), method: 8, size: 1e6 }]),
    /record "net\/data\/1" has more bytes than 16 times the file/,
  ],
  [
    'a compressed record that is longer than it says',
    torchZip(['}'], [{ name: 'net/data/1', data: deflateRawSync(new Uint8Array(1e6)), method: 8, size: 64 }]),
    'record "net/data/1" has damage: it has not the 64 bytes that it should have',
  ],
  [
    'a record that is no deflated one',
    torchZip(['}'], [{ name: 'net/data/1', data: new Uint8Array(64).fill(7), method: 8, size: 64 }]),
    'record "net/data/1" has damage: it does not decompress',
  ],
  [
    'a record packed in another way',
    torchZip(['}'], [{ name: 'net/data/1', data: new Uint8Array(64), method: 12, size: 64 }]),
    'record "net/data/1" has content packed by method 12; pack it anew with zip',
  ],
  [
    'an encrypted record',
    torchZip(['}'], [{ name: 'net/data/1', data: new Uint8Array(13), size: 1, flags: 1 }]),
    'has encrypted content',
  ],
  ['a record twice', torchZip(['}'], [{ name: 'net/data/0', data: bytes('') }]), '"net/data/0" has a name that occurs'],
  [
    'a record of another checksum',
    torchZip(['}'], [{ name: 'net/data/1', data: bytes('abc'), sum: 7 }]),
    'record "net/data/1" has damage: ',
  ],
  [
    'a record in the bytes of another',
    zip([
      { name: 'net/data.pkl', data: bytes('\x80\x02}.') },
      { name: 'net/data.pkm', data: bytes('\x80\x02}.'), claimedAt: 0 },
    ]),
    'record "net/data.pkm" has damage: its bytes are those of another record too',
  ],
  [
    'a record beyond the file',
    torchZip(['}'], [{ name: 'net/data/1', data: bytes(''), claimedAt: 1e6 }]),
    'record "net/data/1" has damage: ',
  ],
  ['a zip that is cut', torchZip(tensorDict(0, [4], [1])).slice(0, -30), 'not a zip file as PyTorch writes it'],

  ['a big-endian legacy file', legacy(false, ['}'], []), 'written on a big-endian machine'],
  [
    'a legacy file of another version',
    bytes(legacyMagic[0] as string, '\x80\x02K\x05.', '\x80\x02}.'),
    'not the header',
  ],
  [
    'a legacy storage that is cut',
    legacy(true, tensorDict(0, [4], [1]), [...text('0'), 'a'], u64(4n), [0, 0]),
    /storage "0" should be 4 numbers up to byte \d+, got 4 and a file of \d+ bytes/,
  ],
  [
    'a legacy storage of another length',
    legacy(true, tensorDict(0, [4], [1]), [...text('0'), 'a'], u64(5n), new Array(20).fill(0)),
    'should be 4 numbers',
  ],
  ['a legacy storage that is missing', legacy(true, tensorDict(0, [4], [1]), []), 'storage "0" is missing'],
  ['a legacy storage of no tensor', legacy(true, ['}'], [...text('1'), 'a']), 'storage "1" belongs to no tensor'],
  ['a list of storages that holds itself', legacy(true, ['}'], ['q\x00h\x00a']), 'storage a list belongs to no tensor'],
];

describe('a file made to harm', () => {
  test.each(hostile)('%s is refused', async (_, file, message) => {
    const error = await readTorchState(file, 'net.pth').catch((e) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^net\.pth: /);
    expect(error.message.length).toBeLessThan(500);
  });

  test('what the builder makes is a file, unless a case spoils it', async () => {
    const numbers = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    for (const file of [
      torchZip(tensorDict(0, [2, 2], [1, 2]), [order('little')], numbers),
      legacy(true, tensorDict(0, [2, 2], [1, 2]), [...text('0'), 'a'], u64(4n), [...numbers]),
    ]) {
      const { tensors } = await readTorchState(file, 'net.pth');
      expect(tensors.get('a')).toEqual({ dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 3, 2, 4) });
    }
  });

  test('a storage read many thousand times does not fill the memory', async () => {
    const data = new Uint8Array(65_536);
    const one = tensorDict(0, [16_384], [1], storageId(16_384)).slice(1);
    const many = Array.from({ length: 500 }, (_, i) => [...text(`t${i}`), ...one.slice(text('a').length)]).flat();
    await expect(readTorchState(torchZip(['}', ...many], [], data), 'net.pth')).rejects.toThrow(
      /tensor "t\d+": the tensors up to here hold \d+ bytes, the file only \d+/,
    );
  });

  test('tied tensors, references to themselves and nested memos in what is not read do no harm', async () => {
    const beside = [...text('log'), ...laughing, 's', ...text('self'), ...cyclic, 's'];
    const { tensors, metadata } = await readTorchState(torchZip([...tensorDict(0, [4], [1]), ...beside]), 'net.pth');
    expect([...tensors.keys()]).toEqual(['a']);
    expect(metadata).toEqual({});
  });
});
