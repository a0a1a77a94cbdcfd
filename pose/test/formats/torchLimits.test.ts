import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { readTorchState } from '../../src/formats/torch/torchState.js';
import { bytes, int, type Part, type Record, tensorDict, text, torchZip, zip } from './torchBytes.js';

describe('what a pickle may take', () => {
  const refused = async (file: Uint8Array) => {
    const error = await readTorchState(file, 'net.pth').catch((e) => e);
    expect(error).toBeInstanceOf(DataError);
    return error.message as string;
  };

  test('copies of a set or a dict that the memo holds are bounded by the size of the file', async () => {
    const items = [...Array.from({ length: 4000 }, (_, i) => int(i)).flat()];
    const copies = (kind: string, list: Part[]) =>
      torchZip([`c${kind}\n`, 'q\x00', ...list, 'q\x01', '\x85q\x02', ...new Array(20_000).fill('h\x00h\x02R0')]);
    const pairs = ['(', ...Array.from({ length: 4000 }, (_, i) => [...int(i), 'N\x86']).flat(), 'l'];
    for (const file of [copies('builtins\nset', ['(', ...items, 'l']), copies('collections\nOrderedDict', pairs)]) {
      expect(await refused(file)).toMatch(/the values up to here take more than \d+ bytes of memory/);
    }
  });

  test('a name from a nest of lists is refused at once, however deep', async () => {
    const deep = ']'.repeat(200_000) + 'a'.repeat(199_999);
    expect(await refused(torchZip([deep, 'q\x00h\x00\x93']))).toMatch(/named by a list and a list/);
  });

  test('dicts without end are refused before they fill the memory', async () => {
    const many = new Uint8Array(3_000_000).fill('}'.charCodeAt(0));
    const file = zip([{ name: 'net/data.pkl', data: many }]);
    expect(await refused(file)).toMatch(/take more than 536870912 bytes of memory/);
  });

  test('a zip of more records than any model has storages is refused', async () => {
    const records = Array.from({ length: 50_001 }, (_, i) => ({ name: `n/${i}`, data: new Uint8Array() }));
    expect(await refused(zip(records))).toMatch(/a zip of more than 50000 records|not a zip file/);
  });

  test('long keys above many names do not fill the memory', async () => {
    const long = text('k'.repeat(2000));
    const inner = Array.from({ length: 100 }, (_, i) => [...text(`n${i}`), 'K\x01s']).flat();
    const file = torchZip([...tensorDict(0, [4], [1]), ...long, '}', ...inner, 's']);
    const { metadata } = await readTorchState(file, 'net.pth');
    expect(metadata).toEqual({});
  });
});

describe('what wgrad does not know', () => {
  test('stays inert beside tensors: functions, classes, dicts and lists of other kinds, methods', async () => {
    const beside = [
      [...text('criterion'), 'ctorch.nn.functional\nbinary_cross_entropy\n'],
      [...text('system'), 'cos\nsystem\n', ...text('echo 1'), '\x85R'],
      [...text('options'), 'clightning.AttributeDict\nAttributeDict\n)\x81', ...text('lr'), 'K\x01s}b'],
      [...text('log'), 'csome\nList\n)}\x92K\x01a(K\x02K\x03e'],
      [...text('mean'), 'cbuiltins\ngetattr\ncsome\nHistory\n', ...text('mean'), '\x86R)R'],
    ];
    const file = torchZip([...tensorDict(0, [4], [1]), ...beside.flatMap((parts) => [...parts, 's'])]);
    const { tensors, unknown } = await readTorchState(file, 'net.pth');
    expect([...tensors.keys()]).toEqual(['a']);
    expect(unknown).toEqual([
      'torch.nn.functional.binary_cross_entropy',
      'os.system',
      'lightning.AttributeDict.AttributeDict',
      'some.List',
      'builtins.getattr',
      'some.History',
    ]);
  });

  test('a file that was packed once more, with compression, is read', async () => {
    const pickle = bytes('\x80\x02', ...tensorDict(0, [2, 2], [2, 1]), '.');
    const numbers = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const packed = (name: string, data: Uint8Array): Record => ({
      ...{ name, data: deflateRawSync(data), method: 8, size: data.length, sum: crc32(data) },
    });
    const { tensors } = await readTorchState(
      zip([packed('net/data.pkl', pickle), packed('net/data/0', numbers)]),
      'net.pth',
    );
    expect(tensors.get('a')?.data).toEqual(Float32Array.of(1, 2, 3, 4));
  });
});
