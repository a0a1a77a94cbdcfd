import { DataError } from 'wgrad';
import { kindOf, type PickleHost } from './pickle.js';
import { StorageClass, StorageHandle, torchGlobals } from './torchGlobals.js';
import { isCount, type TorchStorage } from './torchTensor.js';

/** The object graph of a PyTorch file; each of its tensors names the storage that it views. */
export interface TorchFile {
  readonly format: 'PyTorch zip' | 'PyTorch legacy';
  readonly root: unknown;
  /** All bytes of a storage by its name. @throws DataError where the file does not hold them */
  readonly storage: (storage: TorchStorage) => Uint8Array;
}

/** Storages by name, with the extent that the persistent ids claim. */
export type StorageTable = Map<string, TorchStorage>;

/**
 * What a pickle of PyTorch refers to: the allowed callables, and the storages that persistent ids name, each of which
 * is entered into `table`.
 *
 * An id is `('storage', class, key, device, length)`; older files add `(key, start, length)` of a part.
 */
export function storageHost(table: StorageTable, where: string): PickleHost {
  const persistent = (id: unknown): StorageHandle => {
    const [tag, type, key, , length, part = null] = Array.isArray(id) ? id : [];
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
  return { globals: torchGlobals, persistent };
}

function partOf(whole: TorchStorage, part: unknown, where: string): TorchStorage {
  const [, start, length] = Array.isArray(part) ? part : [];
  if (!isCount(start) || !isCount(length) || start + length > whole.length) {
    throw new DataError(`${where}: a part of storage ${JSON.stringify(whole.key)} lies outside of it: damaged file`);
  }
  return { ...whole, start, length };
}
