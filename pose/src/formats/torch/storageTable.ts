import { DataError } from 'wgrad';
import type { PickleHost } from './pickle.js';
import { inert, kindOf, PickleGlobal } from './pickleValues.js';
import { StorageClass, StorageHandle, torchGlobals } from './torchGlobals.js';
import { isCount, type TorchStorage } from './torchTensor.js';

/** The object graph of a PyTorch file; each of its tensors names the storage that it views. */
export interface TorchFile {
  readonly format: 'PyTorch zip' | 'PyTorch legacy';
  readonly root: unknown;
  /** What the file names and wgrad does not know; all of it was kept inert. */
  readonly unknown: readonly string[];
  /** All bytes of a storage by its name. @throws DataError where the file does not hold them */
  readonly storage: (storage: TorchStorage) => Uint8Array;
}

/** Storages by name, with the extent that the persistent ids claim. */
export type StorageTable = Map<string, TorchStorage>;

/**
 * What a pickle of PyTorch refers to: globals, of which those that wgrad does not know are entered into `unknown`, and
 * storages that persistent ids name, each of which is entered into `table`.
 *
 * An id is `('storage', class, key, device, length)`; older files add `(key, start, length)` of a part.
 */
export function storageHost(table: StorageTable, unknown: Map<string, PickleGlobal>, where: string): PickleHost {
  const global = (name: string): PickleGlobal => {
    const found = torchGlobals.get(name) ?? unknown.get(name) ?? inert(name);
    if (!torchGlobals.has(name)) unknown.set(name, found);
    return found;
  };
  const persistent = (id: unknown): StorageHandle => {
    const [tag, type, key, , length, part = null] = Array.isArray(id) ? id : [];
    if (type instanceof PickleGlobal && !(type instanceof StorageClass)) {
      throw new DataError(
        `${where}: a storage of ${type.name}, whose numbers wgrad does not read; save them as float32`,
      );
    }
    if (tag !== 'storage' || !(type instanceof StorageClass) || typeof key !== 'string' || !isCount(length)) {
      throw new DataError(
        `${where}: a persistent id names ${tag === 'module' ? 'a whole module' : kindOf(id)}, expected a storage; ` +
          'save the state_dict() of the module',
      );
    }
    const whole: TorchStorage = { key, dtype: type.dtype, start: 0, length };
    const known = table.get(key) ?? whole;
    if (known.dtype !== whole.dtype || known.length !== length) {
      throw new DataError(
        `${where}: storage ${JSON.stringify(key)} is claimed with two dtypes or lengths: damaged file`,
      );
    }
    table.set(key, known);
    return new StorageHandle(part === null ? known : partOf(known, part, where));
  };
  return { global, persistent };
}

function partOf(whole: TorchStorage, part: unknown, where: string): TorchStorage {
  const [, start, length] = Array.isArray(part) ? part : [];
  if (!isCount(start) || !isCount(length) || start + length > whole.length) {
    throw new DataError(`${where}: a part of storage ${JSON.stringify(whole.key)} lies outside of it: damaged file`);
  }
  return { ...whole, start, length };
}
