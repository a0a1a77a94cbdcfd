import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readPairs } from '../../src/cli/scoredPairs.js';
import { type Box, jointBox } from '../../src/dataset.js';
import { frameOf } from '../../src/datasets/people.js';
import { openDataset } from '../../src/node/datasets/openDataset.js';
import { readAnnotations } from '../../src/node/datasets/readAnnotations.js';
import { listImages, withBoxesOf } from '../../src/node/predict/imagesToPredict.js';
import { folderOf, SIZE } from './folders.js';
import { type Form, KNOWN, type Known, SAME } from './sameForms.js';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function laid(files: Form['files']): Promise<string> {
  folders.push(await folderOf(files));
  return folders[folders.length - 1];
}

/** x, y, v of the joints that the form has, without what it cannot say. */
const expectedJoints = ({ joints }: Known, { schema, tellsHidden }: Form) =>
  joints.slice(0, schema.joints.length).map(([x, y, v]) => (v === 0 ? [0, 0, 0] : [x, y, tellsHidden ? v : 2]));

/** The rectangle between centres of pixels that crops are made of. */
function expectedFrame(known: Known, form: Form): Box {
  const joints = expectedJoints(known, form);
  if (form.box === 'joints')
    return jointBox(
      joints.flatMap((joint) => joint.slice(0, 2)),
      joints.map(([, , v]) => v),
    );
  // Centre (20, 10 + 1.5), side 20.
  if (form.box === 'scale') return [10, 1.5, 20, 20];
  const [x, y, width, height] = known.box;
  return [x, y, width - 1, height - 1];
}

function expectNear(values: ArrayLike<number>, expected: readonly number[], { rounding = 1e-9 }: Form): void {
  expect(values).toHaveLength(expected.length);
  const off = Array.from(values, (value, i) => Math.abs(value - expected[i]));
  expect(Math.max(...off)).toBeLessThanOrEqual(rounding);
}

describe.each(Object.entries(SAME))('%s', (_, form) => {
  test('is read as the same people', async () => {
    const annotations = await readAnnotations(join(await laid(form.files), form.path));
    const { people, pictures } = annotations;
    expect(people.map(({ image }) => pictures.get(image)?.file?.replace(/.*\//, ''))).toEqual(['a.png', 'b.png']);
    expect(annotations.leftOut.size).toBe(0);
    people.forEach((person, i) => {
      expectNear(person.keypoints, expectedJoints(KNOWN[i], form).flat(), form);
      expectNear(frameOf(person, SIZE) ?? [], [...expectedFrame(KNOWN[i], form)], form);
    });
  });

  test('trains', async () => {
    const set = await openDataset({ data: await laid(form.files), figures: 0 });
    expect(set.schema.joints).toEqual(form.schema.joints);
    const samples = await Promise.all(
      [set.train, set.test].flatMap((split) => Array.from({ length: split.length }, (_, i) => split.sample(i))),
    );
    expect(samples).toHaveLength(2);
    samples.forEach((sample, i) => {
      const joints = expectedJoints(KNOWN[i], form);
      expect(Array.from(sample.weights)).toEqual(joints.map(([, , v]) => Math.min(v, 1)));
      expectNear(
        sample.joints,
        joints.flatMap((joint) => joint.slice(0, 2)),
        form,
      );
      expectNear(sample.box, [...expectedFrame(KNOWN[i], form)], form);
    });
  });

  test('gives boxes to predict with', async () => {
    const folder = await laid(form.files);
    const { images, leftOut } = await withBoxesOf(await listImages([join(folder, 'images')]), join(folder, form.path));
    expect(leftOut.size).toBe(0);
    images.forEach(({ people = [] }, i) => {
      expect(people).toHaveLength(1);
      expectNear(frameOf(people[0], SIZE) ?? [], [...expectedFrame(KNOWN[i], form)], form);
    });
  });

  test('evaluates results that name pictures and people', async () => {
    const folder = await laid(form.files);
    const results = KNOWN.map((known, i) => ({
      ...{ file_name: `images/${known.picture}`, annotation_id: i + 1, score: 1 },
      keypoints: expectedJoints(known, form).flatMap(([x, y]) => [x, y, 1]),
    }));
    await writeFile(join(folder, 'results.json'), JSON.stringify(results));
    const { truth, pairs } = await readPairs(join(folder, form.path), join(folder, 'results.json'));
    expect(truth.joints).toBe(form.schema.joints.length);
    expect(pairs).toHaveLength(2);
    pairs.forEach(({ truth: label, result }, i) => {
      expect(result.annotation).toBe(i + 1);
      expectNear(label.keypoints, expectedJoints(KNOWN[i], form).flat(), form);
    });
  });
});
