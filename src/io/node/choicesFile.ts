import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkWritable, writeFileAtomic } from './atomicFile.js';
import { fileError } from './fileError.js';
import { makeFolder } from './makeFolder.js';

/** A text in a file: a `ChoiceStore` of wgrad/testing. */
export interface TextFile {
  /** The text saved last, undefined if there is none. */
  load(): Promise<string | undefined>;
  save(text: string): Promise<void>;
  /** @throws DataError where nothing could be saved; the folder is made */
  check(): Promise<void>;
}

/** Measured kernel choices in a file, by default in the user's folder for caches. */
export function choicesFile(path: string = join(cacheFolder(), 'wgrad', 'choices.json')): TextFile {
  return {
    async load() {
      try {
        return await readFile(path, 'utf8');
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw fileError('cannot read', path, cause);
      }
    },
    async save(text) {
      await makeFolder(dirname(path));
      await writeFileAtomic(path, text);
    },
    async check() {
      await makeFolder(dirname(path));
      await checkWritable(path);
    },
  };
}

/** The folder of the platform for what programs can compute again. */
function cacheFolder({ env, platform } = process): string {
  if (env.XDG_CACHE_HOME) return env.XDG_CACHE_HOME;
  if (platform === 'win32') return env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
  return platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
}
