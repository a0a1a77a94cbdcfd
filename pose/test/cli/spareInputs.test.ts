import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { spareInputs, sparePictures } from '../../src/cli/spareInputs.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'wgrad-spare-'));
  await mkdir(join(home, 'photos'));
  for (const name of ['boxes.json', 'photos/a.jpg']) await writeFile(join(home, name), 'mine');
  await symlink(join(home, 'boxes.json'), join(home, 'link.json'));
});
afterEach(() => rm(home, { recursive: true }));

test('a result never takes the place of what it is made from, by whatever path', async () => {
  const [boxes, link] = ['boxes.json', 'link.json'].map((name) => join(home, name));
  for (const out of [boxes, link, join(home, 'photos/../boxes.json')]) {
    await expect(spareInputs(out, [undefined, boxes])).rejects.toThrow(DataError);
    await expect(spareInputs(out, [undefined, boxes])).rejects.toThrow(/boxes.json is read, and would be lost/);
  }
  await spareInputs(join(home, 'new.json'), [boxes]);
  await spareInputs(boxes, [join(home, 'photos/a.jpg'), join(home, 'not there')]);
});

test("nor that of a run's checkpoint", async () => {
  const best = join(home, 'best.safetensors');
  for (const name of ['best', 'last']) await writeFile(join(home, `${name}.safetensors`), '');
  await expect(spareInputs(best, [])).rejects.toThrow(/the checkpoint of a run, which could not go on/);
  await rm(join(home, 'last.safetensors'));
  await spareInputs(best, []);
});

test('overlays do not lie among the pictures', async () => {
  const picture = join(home, 'photos', 'a.jpg');
  await expect(sparePictures(join(home, 'photos', '.'), [picture])).rejects.toThrow(
    /--overlays .*: .*a.jpg lies in it, and an overlay could take its place; give another folder/,
  );
  await sparePictures(home, [picture]);
  await sparePictures(join(home, 'new'), [picture]);
});
