import type { JointSchema } from '../schema.js';

/** So many joints of which nothing is known. */
export function withoutNames(count: number): JointSchema {
  const joints = Array.from({ length: count }, (_, k) => `joint ${k}`);
  return { name: `${count} joints`, joints, limbs: [], upperBody: [] };
}
