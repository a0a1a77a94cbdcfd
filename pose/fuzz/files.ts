import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJsonText } from 'wgrad/io';

/** A parser of a file's JSON as a parser of its bytes. */
export const json =
  (parse: (content: unknown, file: string) => unknown) =>
  (bytes: Uint8Array): unknown =>
    parse(parseJsonText(new TextDecoder().decode(bytes), 'fuzz.json'), 'fuzz.json');

/** A parser of a file by its path as a parser of its bytes. */
export const throughFile =
  (extension: string, parse: (path: string) => Promise<unknown>) =>
  async (bytes: Uint8Array): Promise<unknown> => {
    const folder = mkdtempSync(join(tmpdir(), 'wgrad-fuzz-'));
    try {
      const path = join(folder, `fuzz${extension}`);
      writeFileSync(path, bytes);
      return await parse(path);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
