import { DataError } from 'wgrad';
import { diskDtypes } from 'wgrad/io';
import { unpickle } from './pickle.js';
import { kindOf, type PickleGlobal } from './pickleValues.js';
import { type StorageTable, storageHost, type TorchFile } from './storageTable.js';
import type { TorchStorage } from './torchTensor.js';

/** The integer of ten bytes that the format begins with, and its opcode. */
export const LEGACY_MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19] as const;
const PROTOCOL_VERSION = 1001;

/**
 * Reads the format of PyTorch before 1.6: pickles of a magic number, a version, facts about the machine, the object and
 * the names of its storages, then for each storage eight bytes of length and its numbers.
 * @throws DataError for anything that is not a plain little-endian file of `torch.save`
 */
export function readTorchLegacy(bytes: Uint8Array, where: string): TorchFile {
  const table: StorageTable = new Map();
  const unknown = new Map<string, PickleGlobal>();
  const host = storageHost(table, unknown, where);
  let at = 0;
  const next = () => {
    const { value, end } = unpickle(bytes, at, host, where);
    at = end;
    return value;
  };
  next();
  const version = next();
  const machine = next();
  if (version !== PROTOCOL_VERSION || !(machine instanceof Map)) {
    throw new DataError(`${where}: not the header of a PyTorch file of version ${PROTOCOL_VERSION}: damaged file`);
  }
  if (machine.get('little_endian') !== true) {
    throw new DataError(`${where}: written on a big-endian machine; load and save it on a little-endian one`);
  }
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw new DataError(`${where}: the list of storages is missing: damaged file`);

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Uint8Array>();
  for (const key of keys) {
    const claimed = table.get(key);
    if (!claimed) {
      const name = typeof key === 'string' ? JSON.stringify(key) : kindOf(key);
      throw new DataError(`${where}: storage ${name} belongs to no tensor: damaged file`);
    }
    const { length, width } = extentOf(claimed);
    const begin = at + 8;
    const found = begin <= bytes.length ? Number(view.getBigUint64(at, true)) : 0;
    at = begin + length * width;
    if (found !== length || at > bytes.length) {
      throw new DataError(
        `${where}: storage ${JSON.stringify(key)} should be ${length} numbers up to byte ${at}, got ${found} and a ` +
          `file of ${bytes.length} bytes: damaged file, or cut short`,
      );
    }
    storages.set(key, bytes.subarray(begin, at));
  }
  return {
    format: 'PyTorch legacy',
    root,
    unknown: [...unknown.keys()],
    storage: ({ key }) => {
      const data = storages.get(key);
      if (!data) throw new DataError(`${where}: storage ${JSON.stringify(key)} is missing: damaged file`);
      return data;
    },
  };
}

function extentOf({ length, dtype }: TorchStorage): { length: number; width: number } {
  return { length, width: dtype === null ? 1 : diskDtypes[dtype].bytes };
}
