import { counted } from 'wgrad/io';
import { coco17, type JointSchema } from '../schema.js';

/** Joints whose file gives them no names: 17 are taken for COCO's, of any other number nothing is known. */
export function withoutNames(count: number): JointSchema {
  if (count === coco17.joints.length) return coco17;
  return { name: counted(count, 'joint'), joints: unnamedJoints(count), limbs: [], upperBody: [] };
}

export function unnamedJoints(count: number): string[] {
  return Array.from({ length: count }, (_, k) => `joint ${k}`);
}
