import { describe, expect, test } from 'vitest';
import { coco17, flipOrder, lsp14 } from '../../src/schema.js';
import type { JointParts } from '../../src/schemas/jointParts.js';
import { schemaOfParts } from '../../src/schemas/schemaOfParts.js';

const of = (parts: Partial<JointParts> & Pick<JointParts, 'joints'>) =>
  schemaOfParts({ name: 'own', ...parts }, 'a.json');

test('names of a known schema in its order are that schema, however they are spelled', () => {
  const spelled = of({ joints: lsp14.joints.map((name) => name.replace('_', '-').toUpperCase()) });
  expect(spelled).toEqual(lsp14);
});

test('known names in another order keep pairs, limbs, torso and sigmas by name', () => {
  const joints = [...coco17.joints].reverse().slice(2);
  const { flipPairs, limbs, normaliser, oksSigmas, upperBody, name } = of({ joints });
  expect(name).toBe('own');
  expect(oksSigmas).toEqual(joints.map((joint) => coco17.oksSigmas[coco17.joints.indexOf(joint)]));
  expect(normaliser?.map((k) => joints[k])).toEqual(['left_shoulder', 'right_hip']);
  expect(upperBody.map((k) => joints[k]).sort()).toEqual(coco17.upperBody.map((k) => coco17.joints[k]).sort());
  expect(flipPairs?.length).toBe(7);
  for (const [a, b] of flipPairs ?? []) expect(joints[a].replace('left', 'right')).toBe(joints[b]);
  // The two limbs that end in an ankle are gone with it.
  expect(limbs.length).toBe(coco17.limbs.length - 2);
  expect(limbs.every(([a, b]) => joints[a] && joints[b])).toBe(true);
});

test('what is said goes before what names suggest', () => {
  const own = of({ joints: coco17.joints, flipPairs: [], oksSigmas: coco17.joints.map(() => 0.1) });
  expect(own).toMatchObject({ name: 'coco17', flipPairs: [], oksSigmas: coco17.joints.map(() => 0.1) });
  expect(own.limbs).toEqual(coco17.limbs);
});

test('17 other joints are not those of COCO', () => {
  const joints = [
    'L_Eye',
    'R_Eye',
    'nose',
    'neck',
    'root_of_tail',
    ...Array.from({ length: 6 }, (_, k) => [`L_${'abcdef'[k]}`, `R_${'abcdef'[k]}`]).flat(),
  ];
  const own = of({ joints });
  expect(joints.length).toBe(17);
  expect(own.oksSigmas).toBeUndefined();
  expect(own.normaliser).toBeUndefined();
  expect(own.upperBody).toEqual([]);
  expect([...flipOrder(own)]).toEqual([1, 0, 2, 3, 4, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]);
});

test('limbs take the colours of their sides, or of their chain where nothing has a side', () => {
  const sided = of({
    joints: ['l_hip', 'r_hip', 'l_knee'],
    limbs: [
      [0, 1],
      [0, 2],
      [1, 2, '#123456'],
    ],
  });
  expect(sided.limbs.map(([, , colour]) => colour)).toEqual(['#a0a0a0', '#f58518', '#123456']);
  const hand = of({
    joints: ['wrist', 'a1', 'a2', 'b1', 'b2'],
    limbs: [
      [0, 1],
      [1, 2],
      [0, 3],
      [3, 4],
    ],
  });
  const colours = hand.limbs.map(([, , colour]) => colour);
  expect(colours[0]).toBe(colours[1]);
  expect(colours[2]).toBe(colours[3]);
  expect(colours[0]).not.toBe(colours[2]);
});

describe('contradictions are refused with both sides', () => {
  const joints = ['a', 'b', 'c'];
  test.each<[Partial<JointParts>, RegExp]>([
    [{ joints: [] }, /^a.json: no joints$/],
    [{ joints: ['left_eye', 'x', 'Left-Eye'] }, /joints 0 and 2 have one name: left_eye, Left-Eye/],
    [{ flipPairs: [[0, 3]] }, /the pair 0, 3 is about joint 3; there are 0 to 2/],
    [{ flipPairs: [[1, 1]] }, /joint 1, b, is its own partner/],
    [
      {
        flipPairs: [
          [0, 1],
          [2, 1],
        ],
      },
      /b has two partners: a and c/,
    ],
    [{ limbs: [[0, 7]] }, /the limb 0, 7 is about joint 7/],
    [{ normaliser: [0, 0] }, /the normaliser runs from a to itself/],
    [{ oksSigmas: [0.1, 0.1] }, /2 sigmas for 3 joints/],
    [{ joints: ['a'], jointWeights: [1, 2] }, /2 weights for 1 joint$/],
    [{ jointWeights: [1] }, /1 weight for 3 joints$/],
    [{ oksSigmas: [0.1, 0, 0.1] }, /sigmas\[1\], of b, is 0; expected a number above 0/],
    [{ jointWeights: [1, -1, 1] }, /weights\[1\], of b, is -1; expected a number from 0/],
    [{ upperBody: [0.5] }, /the upper body is about joint 0.5/],
  ])('%j', (parts, message) => {
    expect(() => of({ joints, ...parts })).toThrow(message);
  });
});
