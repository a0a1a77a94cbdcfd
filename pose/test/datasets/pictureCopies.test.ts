import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { copiesAmong } from '../../src/node/datasets/pictureCopies.js';
import { DataWorkers } from '../../src/node/train/dataWorkers.js';
import { coco, person, picture, testFolders } from './cocoFiles.js';

const { folder } = testFolders();

describe('copies of files', () => {
  test('are found by their content alone, under any names', async () => {
    const large = Uint8Array.from({ length: 20_000 }, (_, i) => ('GIF89a'.charCodeAt(i) || i) % 251);
    const otherMiddle = large.with(10_000, 255);
    const otherEnd = large.with(19_999, 255);
    const home = await folder({
      ...{ 'a/1': large, 'a/2': otherMiddle, 'a/3': 'GIF89a short', 'a/4': 'GIF89a shore', 'a/5': new Uint8Array() },
      ...{ 'b/x': large, 'b/y': otherEnd, 'b/z': 'GIF89a short', 'b/w': large, 'b/v': new Uint8Array() },
    });
    const of = (place: string, names: string) => [...names].map((name) => join(home, place, name));
    const found = await copiesAmong([...of('a', '123456'), home], [...of('b', 'zywxvu'), home]);
    expect(found).toEqual(
      new Map([
        [join(home, 'a/1'), join(home, 'b/w')],
        [join(home, 'a/3'), join(home, 'b/z')],
      ]),
    );
    await symlink(join(home, 'a/4'), join(home, 'b/link'));
    expect([...(await copiesAmong(of('a', '4'), [join(home, 'b/link')])).keys()]).toEqual(of('a', '4'));
  });

  test('sixty files of few sizes: as where every pair is compared', async () => {
    const content = (n: number) => `GIF89a${'x'.repeat((n * n) % 5)}${(n * 7) % 9}`;
    const names = Array.from({ length: 60 }, (_, n) => n);
    const home = await folder(Object.fromEntries(names.map((n) => [String(n), content(n * n)])));
    const path = (n: number) => join(home, String(n));
    const [some, others] = [names.slice(0, 30), names.slice(30)];
    const isCopy = (n: number) => others.some((m) => content(n * n) === content(m * m));
    const expected = some.filter(isCopy).map(path);
    expect(expected.length).toBeGreaterThan(3);
    expect(expected.length).toBeLessThan(30);
    expect([...(await copiesAmong(some.map(path), others.map(path))).keys()]).toEqual(expected);
  });
});

describe('a picture that tests under another name', () => {
  /** Pictures 1 to 4 train, 5 and 6 test; two people are in picture 2, which is also picture 6, and picture 3 is missing. */
  async function leaking() {
    const labels = (...ids: number[]) =>
      coco(
        ids.map((id) => picture(id, `${id}.png`)),
        ids.flatMap((id) => (id === 2 ? [person(2, 2), person(20, 2)] : [person(id, id)])),
      );
    const files = { 'person_keypoints_train.json': labels(1, 2, 3, 4), 'person_keypoints_val.json': labels(5, 6) };
    const home = await folder({ ...files, '1.png': null, '2.png': null, '4.png': null, '5.png': null });
    await symlink(join(home, '2.png'), join(home, '6.png'));
    return home;
  }

  test('does not train: it is counted with its people, and named', async () => {
    const set = await openDataset({ data: await leaking(), figures: 0 });
    expect([set.train.length, set.test.length]).toEqual([3, 2]);
    expect(set.notes).toContain(
      'left out of training: 1 picture that also tests, with 2 people: 2.png (tests as 6.png)',
    );
    const ids = await Promise.all([0, 2].map(async (i) => (await set.train.sample(i)).id));
    expect(ids).toEqual(['1.png (annotation 1)', '4.png (annotation 4)']);
  });

  test('nor in another thread', async () => {
    const set = await openDataset({ data: await leaking(), figures: 0 });
    const workers = new DataWorkers(1);
    try {
      const found = (await workers.load(set, 'train', [0, 2])) ?? [];
      expect(found.map((one) => 'id' in one && one.id)).toEqual(['1.png (annotation 1)', '4.png (annotation 4)']);
      const tested = (await workers.load(set, 'test', [1])) ?? [];
      expect(tested.map((one) => 'id' in one && one.id)).toEqual(['6.png (annotation 6)']);
    } finally {
      await workers.close();
    }
  });

  test('nor where another folder has it', async () => {
    const first = await leaking();
    const labels = coco([picture(1, 'copy.png'), picture(2, 'new.png')], [person(1, 1), person(2, 2)]);
    const second = await folder({ 'annotations.json': labels, 'new.png': null });
    await symlink(join(first, '5.png'), join(second, 'copy.png'));
    const set = await openDataset({ data: `${first},${second}`, figures: 0 });
    expect([set.train.length, set.test.length]).toEqual([4, 2]);
    expect(set.notes?.at(-1)).toBe(
      'left out of training: 2 pictures that also test, with 3 people: 2.png (tests as 6.png), copy.png (tests as 5.png)',
    );
    expect((await set.train.sample(3)).id).toBe('new.png (annotation 2)');
    await expect(openDataset({ data: `${first},${first}/`, figures: 0 })).rejects.toThrow(
      /stands there twice; name it once$/,
    );
  });
});
