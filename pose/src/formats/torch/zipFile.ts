import { DataError } from 'wgrad';
import { diskDtypes } from 'wgrad/io';
import { latin1 } from './latin1.js';
import { unpickle } from './pickle.js';
import type { PickleGlobal } from './pickleValues.js';
import { type StorageTable, storageHost, type TorchFile } from './storageTable.js';
import { readZipRecords } from './zipRecords.js';

/** Archives that are no file of PyTorch, by a record in them. */
const OTHERS: readonly (readonly [record: RegExp, what: string])[] = [
  [/(^|\/)model\.json$/, 'a TorchScript archive of PyTorch before 1.3; save the state_dict() of the module'],
  [/\.npy$/, 'a NumPy archive (.npz); load it in Python and write it with safetensors.numpy.save_file'],
  [/(^|\/)(model\.weights\.h5|metadata\.json)$/, 'a model of Keras; load it there and write it with safetensors'],
  [/\.(pth?|pt|ckpt|bin|safetensors)$/, 'an archive of files of weights; unpack it and name one of them'],
];

function kindOfZip(names: readonly string[]): string {
  const [, what] = OTHERS.find(([record]) => names.some((name) => record.test(name))) ?? [];
  return what ?? 'a zip without one data.pkl in its folder';
}

/** How a zip file begins. */
export const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04] as const;

/**
 * Reads the format of PyTorch 1.6 and later: a zip of `<name>/data.pkl` and one record `<name>/data/<key>` per storage.
 * @throws DataError for anything that is not a plain little-endian file of `torch.save`
 */
export async function readTorchZip(bytes: Uint8Array, where: string): Promise<TorchFile> {
  const records = await readZipRecords(bytes, where);
  const [main, ...others] = [...records.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (main === undefined || others.length > 0) {
    throw new DataError(`${where}: ${kindOfZip([...records.keys()])}, so not written by torch.save`);
  }
  const folder = main.slice(0, -'data.pkl'.length);
  if (records.has(`${folder}constants.pkl`)) {
    throw new DataError(
      `${where}: a TorchScript archive, a program with its weights; save the weights alone, torch.save(torch.jit.load(file).state_dict(), file)`,
    );
  }
  const order = latin1(records.get(`${folder}byteorder`) ?? new Uint8Array()).trim();
  if (order !== '' && order !== 'little') {
    throw new DataError(`${where}: written on a ${order}-endian machine; load and save it on a little-endian one`);
  }
  const table: StorageTable = new Map();
  const unknown = new Map<string, PickleGlobal>();
  const host = storageHost(table, unknown, where);
  const { value: root } = unpickle(records.get(main) as Uint8Array, 0, host, `${where}: ${main}`);
  return {
    format: 'PyTorch zip',
    root,
    unknown: [...unknown.keys()],
    storage: ({ key }) => {
      const { dtype, length } = table.get(key) as { dtype: string | null; length: number };
      const name = `${folder}data/${key}`;
      const record = records.get(name);
      const expected = length * (dtype === null ? 1 : diskDtypes[dtype].bytes);
      if (record?.length !== expected) {
        const found = record ? `has ${record.length} bytes` : 'is missing';
        throw new DataError(
          `${where}: record ${JSON.stringify(name)} ${found}, expected ${expected} bytes: damaged file`,
        );
      }
      return record;
    },
  };
}
