import { DataError } from 'wgrad';
import { diskDtypes, type StoredTensor } from 'wgrad/io';
import { LEGACY_MAGIC, readTorchLegacy } from './legacyFile.js';
import { moduleState } from './moduleState.js';
import { Inert, kindOf } from './pickleValues.js';
import type { TorchFile } from './storageTable.js';
import { readTensor, TorchTensor } from './torchTensor.js';
import { readTorchZip, ZIP_MAGIC } from './zipFile.js';

/** The state dict of a PyTorch file, or of a whole module in it, and what the file holds besides. */
export interface TorchState {
  readonly format: TorchFile['format'];
  readonly tensors: Map<string, StoredTensor>;
  /** Numbers and texts of the file by dotted path: `epoch`, `meta.mmcv_version`. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * The key of the dict that was read, '' where the file itself is the state dict, and the keys of the other dicts with
   * tensors.
   */
  readonly part: string;
  readonly parts: readonly string[];
  /** Functions and classes that the file names and wgrad does not know; nothing of them was run. */
  readonly unknown: readonly string[];
}

/** Keys under which training codes store the model's state dict; the first one that a file has is read. */
const MODEL_KEYS = ['state_dict', 'model', 'model_state_dict', 'model_state', 'net', 'network', 'weights', 'params'];

/** Tensors may share a storage, but no honest file shares all of it so often. */
const MAX_SHARING = 16;

/** Whether bytes begin like a file of `torch.save`, from before or since version 1.6. */
export function isTorchFile(bytes: Uint8Array): boolean {
  // The magic number stands behind two bytes of protocol; since protocol 4 nine bytes of a frame come before it too.
  return begins(bytes, 0, ZIP_MAGIC) || begins(bytes, 2, LEGACY_MAGIC) || begins(bytes, 11, LEGACY_MAGIC);
}

/**
 * Reads the weights of a file that `torch.save` wrote, without running any code from it. A whole module counts as its state dict.
 * @param part the dict to read, by its dotted keys, such as `ema_state_dict`; by default the model's
 * @throws DataError for a tensor that an unknown callable builds, for damage, and for a file without a state dict
 */
export async function readTorchState(bytes: Uint8Array, where: string, part?: string): Promise<TorchState> {
  const zipped = begins(bytes, 0, ZIP_MAGIC);
  const file = zipped ? await readTorchZip(bytes, where) : readTorchLegacy(bytes, where);
  const dicts = stateDictsOf(file.root);
  const chosen = part ?? MODEL_KEYS.find((key) => dicts.has(key)) ?? (dicts.has('') ? '' : onlyKey(dicts));
  const dict = chosen === undefined ? undefined : dicts.get(chosen);
  if (chosen === undefined || !dict) {
    throw new DataError(`${where}: it holds ${withoutDict(file.root, dicts, part)}`);
  }
  return {
    format: file.format,
    tensors: tensorsOf(dict, file, bytes.length, where),
    metadata: { ...scalarsOf(file.root), ...(chosen === '' ? {} : scalarsOf(dict, `${chosen}.`)) },
    part: chosen,
    parts: [...dicts.keys()].filter((key) => key !== chosen),
    unknown: file.unknown,
  };
}

/** Functions with which PyTorch builds tensors; of those that wgrad does not know, the tensors are sparse or quantised. */
const REBUILDS = /^torch\._\w+\._rebuild/;

type Dict = ReadonlyMap<unknown, unknown>;

/** What a file without the wanted state dict holds, and what to do. */
function withoutDict(root: unknown, dicts: ReadonlyMap<string, Dict>, part?: string): string {
  const keys = [...dicts.keys()].map((key) => key || 'the file itself').join(', ') || 'none';
  if (part !== undefined) return `no state dict "${part}"; dicts with tensors: ${keys}`;
  const held = root instanceof Map ? MODEL_KEYS.map((key) => root.get(key)) : [root];
  const module = held.find((value) => value instanceof Inert);
  return module
    ? `a whole ${module.of}, whose code wgrad never runs; where the file is trusted, load it in Python and save its state_dict() alone`
    : `${kindOf(root)} without one state dict; dicts with tensors: ${keys}`;
}

/**
 * The dicts that hold named tensors, and the modules as theirs, at most two levels down, by their dotted keys; '' is the file's
 * object.
 */
function stateDictsOf(value: unknown, prefix = '', depth = 0, seen = new Set<unknown>()): Map<string, Dict> {
  const found = new Map<string, Dict>();
  // A dict may appear in many places, even in itself; it is looked at once.
  if (seen.has(value)) return found;
  seen.add(value);
  const state = moduleState(value);
  if (state) return state.size > 0 ? found.set(prefix, state) : found;
  if (!(value instanceof Map)) return found;
  const root: Dict = value;
  const entries = [...root].flatMap(([key, child]) =>
    typeof key === 'string' && key.length <= LONGEST_KEY ? [[key, child] as const] : [],
  );
  if (entries.some(([, value]) => value instanceof TorchTensor)) found.set(prefix, root);
  if (depth === MAX_DEPTH) return found;
  for (const [key, child] of entries) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    for (const [name, dict] of stateDictsOf(child, path, depth + 1, seen)) found.set(name, dict);
  }
  return found;
}

const MAX_DEPTH = 2;
/** Keys of dicts become parts of names. A longer one, before each name below it, could take any amount of memory. */
const LONGEST_KEY = 1000;

function onlyKey(dicts: ReadonlyMap<string, Dict>): string | undefined {
  return dicts.size === 1 ? [...dicts.keys()][0] : undefined;
}

function tensorsOf(dict: Dict, file: TorchFile, fileBytes: number, where: string): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  let total = 0;
  for (const [name, value] of dict) {
    if (typeof name !== 'string') continue;
    const what = `${where}: tensor ${JSON.stringify(name)}`;
    if (value instanceof Inert && REBUILDS.test(value.of)) {
      throw new DataError(
        `${what} is built by ${value.of}, which wgrad does not know; save an ordinary tensor instead`,
      );
    }
    if (!(value instanceof TorchTensor)) continue;
    const tensor = readTensor(value, file.storage(value.storage), what);
    total += tensor.data.length * diskDtypes[value.dtype].bytes;
    if (total > MAX_SHARING * fileBytes) {
      throw new DataError(`${what}: the tensors up to here hold ${total} bytes, the file only ${fileBytes}`);
    }
    tensors.set(name, tensor);
  }
  return tensors;
}

/** Texts, numbers and truth values of a dict and of the dicts in it. */
function scalarsOf(root: unknown, prefix = '', depth = 0, seen = new Set<unknown>()): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  if (!(root instanceof Map) || seen.has(root)) return found;
  seen.add(root);
  for (const [key, value] of root) {
    if (typeof key !== 'string' || key.length > LONGEST_KEY) continue;
    if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) found[prefix + key] = String(value);
    else if (depth === 0) Object.assign(found, scalarsOf(value, `${prefix + key}.`, 1, seen));
  }
  return found;
}

function begins(bytes: Uint8Array, at: number, magic: readonly number[]): boolean {
  return bytes.length >= at + magic.length && magic.every((byte, i) => bytes[at + i] === byte);
}
