import { crc32 } from 'node:zlib';

export type Part = string | number | readonly number[] | Uint8Array;

/** Bytes of opcodes, given as characters or numbers. */
export const bytes = (...parts: Part[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      parts.map((part) => {
        if (typeof part === 'string') return Buffer.from(part, 'latin1');
        return typeof part === 'number' ? Buffer.of(part) : Buffer.from(part);
      }),
    ),
  );
export const u16 = (value: number) => [value & 255, value >> 8];
export const u32 = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)];
export const u64 = (value: bigint) => [...new Uint8Array(BigUint64Array.of(value).buffer)];
export const text = (value: string): Part[] => ['X', u32(Buffer.byteLength(value)), value];
export const int = (value: number): Part[] => ['J', u32(value)];
export const ints = (values: readonly number[]): Part[] => ['(', ...values.flatMap(int), 't'];

export interface Record {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly size?: number;
  readonly flags?: number;
  readonly sum?: number;
  /** Where the directory says that it begins. */
  readonly claimedAt?: number;
}

/** A zip file of these records, whose headers may lie. */
export function zip(records: readonly Record[]): Uint8Array {
  const body: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let length = 0;
  for (const { name, data, method = 0, size = data.length, flags = 0, sum = crc32(data), claimedAt } of records) {
    const at = claimedAt ?? length;
    const sizes = [...u32(sum), ...u32(data.length), ...u32(size)];
    const header = [...u16(10), ...u16(flags), ...u16(method), 0, 0, 0, 0, ...sizes, ...u16(name.length), 0, 0];
    const record = bytes('PK\x03\x04', header, name, data);
    body.push(record);
    length += record.length;
    central.push(bytes('PK\x01\x02', u16(10), header, new Array(10).fill(0), u32(at), name));
  }
  const count = u16(records.length);
  const directory = bytes(...central);
  return bytes(...body, directory, 'PK\x05\x06', u32(0), count, count, u32(directory.length), u32(length), u16(0));
}

/** A zip of torch.save around a pickle of protocol 2 and a storage of four floats. */
export const torchZip = (pickle: readonly Part[], more: readonly Record[] = [], storage = new Uint8Array(16)) =>
  zip([
    { name: 'net/data.pkl', data: bytes('\x80\x02', ...pickle, '.') },
    { name: 'net/data/0', data: storage },
    ...more,
  ]);

export const storageId = (length: number, type = 'FloatStorage', key = '0'): Part[] => [
  '(',
  ...text('storage'),
  `ctorch\n${type}\n`,
  ...text(key),
  ...text('cpu'),
  ...int(length),
  'tQ',
];

/** `{'a': tensor}` of a view of the storage. */
export const tensorDict = (
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  id = storageId(4),
  shapeParts = ints(shape),
): Part[] => [
  '}',
  ...text('a'),
  'ctorch._utils\n_rebuild_tensor_v2\n(',
  ...[...id, ...int(offset), ...shapeParts, ...ints(strides)],
  '\x89}tRs',
];

export const order = (value: string): Record => ({ name: 'net/byteorder', data: bytes(value) });
export const legacyMagic: Part[] = ['\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.', '\x80\x02M\xe9\x03.'];
export const legacy = (littleEndian: boolean, pickle: readonly Part[], keys: readonly Part[], ...data: Part[]) =>
  bytes(
    ...legacyMagic,
    ...['\x80\x02}', ...text('little_endian'), littleEndian ? '\x88s.' : '\x89s.'],
    ...['\x80\x02', ...pickle, '.', '\x80\x02]', ...keys, '.'],
    ...data,
  );

/** A list that holds itself, and one that would be huge if it were written out. */
export const cyclic: Part[] = [']q\x00h\x00a'];
export const laughing: Part[] = ['(]q\x00', ...new Array(60).fill(']q\x01h\x00ah\x00ah\x00ah\x01q\x00'), '1h\x00'];
