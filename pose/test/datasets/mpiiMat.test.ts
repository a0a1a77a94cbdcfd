import { rm } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { DataError, Rng } from 'wgrad';
import { mpiiMatPeople } from '../../src/datasets/mpiiMat.js';
import { readMat5 } from '../../src/formats/mat5.js';

const readMpiiMat = async (bytes: Uint8Array, file: string) => mpiiMatPeople(await readMat5(bytes, file), file);

import { openDataset } from '../../src/node/datasets/openDataset.js';
import golden from '../golden/mpii_mat.json' with { type: 'json' };
import { folderOf } from './folders.js';

const MAT = 'mpii_human_pose_v1_u12_1.mat';
const bytes = { plain: Buffer.from(golden.plain, 'base64'), compressed: Buffer.from(golden.compressed, 'base64') };

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

describe("MPII's own file, written by scipy", () => {
  test.each(['plain', 'compressed'] as const)(
    '%s: labelled people of training images, whatever they lack',
    async (form) => {
      expect(await readMpiiMat(bytes[form], MAT)).toEqual(golden.people);
    },
  );

  test('is a data set in the folder that its archive makes, with the boxes of the JSON', async () => {
    const pictures = Object.fromEntries(golden.people.map(([{ image }]) => [`images/${image}`, null]));
    const folder = await folderOf({ ...pictures, [`mpii_human_pose_v1_u12_2/${MAT}`]: bytes.compressed });
    folders.push(folder);
    const set = await openDataset({ data: folder, figures: 0 });
    expect([set.train.length, set.test.length]).toEqual([4, 0]);
    const { id, joints, weights, box, headBox } = await set.train.sample(0);
    expect(id).toBe('two.jpg (annotation 1)');
    const [[{ center, scale, joints: labels }]] = golden.people;
    labels.forEach((label, k) => {
      expect([joints[2 * k], joints[2 * k + 1], weights[k]]).toEqual(
        label ? [label[0] - 1, label[1] - 1, 1] : [0, 0, 0],
      );
    });
    expect(headBox).toEqual([0, 1, 4, 7]);
    const side = 200 * scale;
    expect(box).toEqual([center[0] - 1 - side / 2, center[1] - 1 + 15 * scale - side / 2, side, side]);
  });

  test('of another form, damaged or cut, it is a DataError or other people, never another error', async () => {
    await expect(readMpiiMat(new Uint8Array(300), MAT)).rejects.toThrow(/not a little-endian MATLAB 5 file/);
    const rng = new Rng(5);
    for (let i = 0; i < 300; i++) {
      const spoilt = bytes.plain.subarray(0, i % 3 ? bytes.plain.length : rng.int(bytes.plain.length));
      const copy = Uint8Array.from(spoilt);
      for (let n = 0; n < 4 && copy.length; n++) copy[rng.int(copy.length)] ^= 1 << rng.int(8);
      try {
        await readMpiiMat(copy, MAT);
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
      }
    }
  });

  test('with a joint that is none, it says whose', async () => {
    const copy = Uint8Array.from(bytes.plain);
    // The first joint of the first person is at (11.5, 20): spoil its x.
    const at = bytes.plain.indexOf(Buffer.from(Float64Array.of(10.5).buffer));
    new DataView(copy.buffer).setFloat64(at, Number.NaN, true);
    await expect(readMpiiMat(copy, MAT)).rejects.toThrow(
      /annolist\(2\).annorect\(1\).annopoints.point\(1\).x: expected a finite number, got other numbers/,
    );
  });
});
