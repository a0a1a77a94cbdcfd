import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/** Pictures of a data set have this size, so that labels are easy to place. */
export const SIZE = [40, 30] as const;

/** An empty folder with the files given: JSON for objects, text for strings, bytes as they are, a picture of a colour of its own for null. */
export async function folderOf(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-data-'));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    if (content === null) await plain(path);
    else if (content instanceof Uint8Array) await writeFile(path, content);
    else await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

let drawn = 0;

/** No two have the same content, which would be one picture to a data set. */
async function plain(path: string): Promise<void> {
  const [width, height] = SIZE;
  const n = ++drawn;
  const background = { r: (37 * n) % 256, g: (101 * n) % 256, b: (197 * n) % 256 };
  await sharp({ create: { width, height, channels: 3, background } }).toFile(path);
}
