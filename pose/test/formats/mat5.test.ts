import { describe, expect, test } from 'vitest';
import { DataError, Rng } from 'wgrad';
import { type MatValue, readMat5 } from '../../src/formats/mat5.js';
import mpii from '../golden/mpii_mat.json' with { type: 'json' };
import golden from '../golden/pose_oracles.json' with { type: 'json' };

const files = { plain: golden.mat_plain, compressed: golden.mat_compressed };

describe.each(Object.entries(files))('a %s file of scipy', (name, base64) => {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));

  test('gives its numeric arrays in MATLAB order, and its text', async () => {
    const variables = await readMat5(bytes, name);
    expect(variables.get('bytes')).toEqual({ kind: 'numbers', dims: [2, 3], data: Uint8Array.of(0, 3, 1, 4, 2, 5) });
    const ofKind = (kind: string) => [...variables.keys()].filter((key) => variables.get(key)?.kind === kind).sort();
    expect(ofKind('numbers')).toEqual(['bytes', 'joints']);
    expect(ofKind('text')).toHaveLength(1);
    const joints = variables.get('joints') as Extract<MatValue, { kind: 'numbers' }>;
    expect(joints.dims).toEqual([3, 14, 4]);
    expect(joints.data[1 + 3 * (5 + 14 * 2)]).toBe(10 + 5 + 0.5 + 1);
  });

  test('truncated or damaged, it is a DataError or other values, never another error', async () => {
    await expectOnlyDataErrors(bytes);
  });
});

/** Everything in a value, to the last member. */
function walk(value: MatValue | undefined): void {
  if (value?.kind !== 'members') return;
  for (let i = 0; i < value.length; i++) for (const field of value.fields) walk(value.at(i, field));
}

/** Spoils bytes in hundreds of ways. */
async function expectOnlyDataErrors(bytes: Uint8Array): Promise<void> {
  const rng = new Rng(17);
  for (let i = 0; i < 300; i++) {
    const spoilt = bytes.slice(0, i % 2 ? bytes.length : rng.int(bytes.length));
    for (let n = 0; n < 4 && spoilt.length; n++) spoilt[rng.int(spoilt.length)] ^= 1 << rng.int(8);
    try {
      for (const value of (await readMat5(spoilt, 'spoilt.mat')).values()) walk(value);
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
    }
  }
}

describe('structs and cells', () => {
  const bytes = new Uint8Array(Buffer.from(mpii.plain, 'base64'));

  test('are read member by member', async () => {
    const release = (await readMat5(bytes, 'mpii.mat')).get('RELEASE') as Extract<MatValue, { kind: 'members' }>;
    expect(release.fields).toEqual(['annolist', 'img_train', 'version', 'single_person', 'act', 'video_list']);
    expect(release.at(0, 'version')).toEqual({ kind: 'text', text: '12' });
    const single = release.at(0, 'single_person') as typeof release;
    expect([single.dims, single.fields]).toEqual([[2, 1], ['']]);
    expect(single.at(0)).toEqual({ kind: 'numbers', dims: [2, 1], data: Float64Array.of(1, 2) });
    expect(single.at(1)).toMatchObject({ kind: 'numbers', data: new Float64Array() });
    const act = release.at(0, 'act') as typeof release;
    expect(act.at(0, 'act_name')).toEqual({ kind: 'text', text: 'curling, "sweeping"' });
    expect([release.at(1, 'version'), release.at(-1, 'version'), release.at(0, 'none')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('truncated or damaged, they are a DataError or other values, never another error', async () => {
    await expectOnlyDataErrors(bytes);
    await expectOnlyDataErrors(new Uint8Array(Buffer.from(mpii.compressed, 'base64')));
  });

  test('that claim more members than there is room for are refused', async () => {
    const immense = bytes.slice();
    // The dimensions 1 x 1 of RELEASE, behind the header, two tags and its flags.
    const view = new DataView(immense.buffer);
    expect([view.getInt32(160, true), view.getInt32(164, true)]).toEqual([1, 1]);
    view.setInt32(160, 2 ** 30, true);
    await expect(readMat5(immense, 'immense.mat')).rejects.toThrow(
      /1073741824x1 structs or cells do not fit into \d+ bytes/,
    );
  });
});

test('refuses another format by name', async () => {
  await expect(readMat5(new Uint8Array(200), 'x.mat')).rejects.toThrow(/x.mat: not a little-endian MATLAB 5 file/);
});
