import { expect, test } from 'vitest';
import { partnersByName, plainName, sidesOf } from '../../src/schemas/jointNames.js';

test.each([
  ['left_eye', 'right_eye'],
  ['eye_l', 'eye_r'],
  ['L_Eye', 'R_Eye'],
  ['LeftEye', 'RightEye'],
  ['eyeL', 'eyeR'],
  ['Left Ear Base', 'Right Ear Base'],
  ['L_F_Paw', 'R_F_Paw'],
  ['left_front_paw', 'right_front_paw'],
  ['lefteye', 'righteye'],
  ['eyeleft', 'eyeright'],
  ['lankle', 'rankle'],
  ['LEAR', 'REAR'],
  ['legF2L', 'legF2R'],
  ['forelegL1', 'forelegR1'],
  ['eye.left', 'eye.right'],
  ['left_eye_right_corner', 'right_eye_left_corner'],
  ['genou gauche', 'genou droit'],
  ['cheville_gauche', 'cheville_droite'],
  ['mano izquierda', 'mano derecha'],
  ['Schulter links', 'Schulter rechts'],
  ['左手', '右手'],
  ['левое_колено', 'правое_колено'],
  ['왼손', '오른손'],
])('%s and %s are partners', (left, right) => {
  const joints = ['nose', right, 'tail', left];
  expect(partnersByName(joints)).toEqual([[1, 3]]);
  expect(sidesOf(joints, [[1, 3]])).toEqual([undefined, 'right', undefined, 'left']);
});

test('no side in the names: no partners; a side without its partner, and numbers for names: not known', () => {
  expect(partnersByName(['wrist', 'thumb1', 'thumb2', 'thumb3', 'thumb4'])).toEqual([]);
  expect(partnersByName(['L1', 'L2', 'bright', 'lift'])).toEqual([]);
  expect(partnersByName(['nose', 'left_eye'])).toBeUndefined();
  // Whoever cannot read a name does not know that it has no side.
  expect(partnersByName(['μύτη', 'αριστερό χέρι', 'δεξί χέρι'])).toBeUndefined();
  expect(partnersByName(['1', '2', '3'])).toBeUndefined();
  const face = Array.from({ length: 8 }, (_, k) => `face-${k}`);
  expect(partnersByName(['left_hip', 'right_hip', ...face])).toBeUndefined();
});

test('front and hind legs are no partners', () => {
  const paws = ['left_front_paw', 'left_hind_paw', 'right_front_paw', 'right_hind_paw'];
  expect(partnersByName(paws)).toEqual([
    [0, 2],
    [1, 3],
  ]);
});

test('case, hyphens, underscores and spaces do not tell names apart', () => {
  expect(new Set(['Right-ankle', 'right_ankle', 'RIGHT ankle', 'rightAnkle'].map(plainName))).toEqual(
    new Set(['rightankle']),
  );
});
