import type { Body, Side } from './body.js';
import { COOL, mixRgb, scaleRgb, WARM } from './colours.js';
import { between, place, type Vec3 } from './frame.js';
import type { Outfit, SideOutfit } from './outfit.js';
import type { Paint, Rgb, Shape } from './shape.js';

/** A point of the picture with its depth and the size that a unit length has there. */
export interface Projected {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
  readonly scale: number;
}

export type Project = (point: Vec3) => Projected;

/** LSP's indices of one side's joints: ankle, knee, hip, wrist, elbow, shoulder. */
interface SideJoints {
  readonly ankle: number;
  readonly knee: number;
  readonly hip: number;
  readonly wrist: number;
  readonly elbow: number;
  readonly shoulder: number;
}

const RIGHT: SideJoints = { ankle: 0, knee: 1, hip: 2, wrist: 6, elbow: 7, shoulder: 8 };
const LEFT: SideJoints = { ankle: 5, knee: 4, hip: 3, wrist: 11, elbow: 10, shoulder: 9 };
const NECK = 12;
const HEAD_TOP = 13;

/** The dressed body as shapes, in no order. Radii are shares of the stature, somewhat stouter than life: 64 pixels are few. */
export function dressBody(body: Body, outfit: Outfit, project: Project): Shape[] {
  const g = body.proportions.girth;
  const shapes: Shape[] = [];
  const capsule = (a: Vec3, ar: number, b: Vec3, br: number, paint: Paint, joints: readonly number[], lift = 0) => {
    const p = project(a);
    const q = project(b);
    shapes.push({
      kind: 'capsule',
      ax: p.x,
      ay: p.y,
      ar: ar * p.scale,
      bx: q.x,
      by: q.y,
      br: br * q.scale,
      depth: (p.depth + q.depth) / 2 + lift,
      paint,
      joints,
    });
  };
  for (const [side, worn, joints] of [
    [body.left, outfit.left, LEFT],
    [body.right, outfit.right, RIGHT],
  ] as const) {
    dressLeg(capsule, side, worn, outfit, joints, g);
    dressArm(capsule, side, worn, outfit, joints, g);
  }
  shapes.push(...dressTrunk(body, outfit, project));
  dressHead(shapes, capsule, body, outfit, project);
  return shapes;
}

type AddCapsule = (
  a: Vec3,
  ar: number,
  b: Vec3,
  br: number,
  paint: Paint,
  joints: readonly number[],
  lift?: number,
) => void;

/** Cloth from the trunk to `length` segments (1 = the middle joint), then skin. */
function sleeve(cloth: Rgb, skin: Rgb, length: number, segment: 0 | 1, outfit: Outfit): Paint {
  const striped = outfit.stripe && length > 1 ? { stripe: mixRgb(cloth, outfit.stripe, 0.5), stripes: 3 } : {};
  return { near: cloth, far: skin, cut: length - segment, ...striped };
}

function dressLeg(add: AddCapsule, s: Side, worn: SideOutfit, outfit: Outfit, j: SideJoints, g: number): void {
  const cloth = (segment: 0 | 1) => sleeve(worn.leg, outfit.skin, outfit.legLength, segment, outfit);
  add(s.hip, 0.06 * g, s.knee, 0.044 * g, cloth(0), [j.hip, j.knee]);
  add(s.knee, 0.044 * g, s.ankle, 0.031 * g, cloth(1), [j.knee, j.ankle], 1e-4);
  add(s.ankle, 0.037, s.toe, 0.027, { near: worn.shoe, far: worn.shoe, cut: 2 }, [j.ankle], 2e-4);
}

function dressArm(add: AddCapsule, s: Side, worn: SideOutfit, outfit: Outfit, j: SideJoints, g: number): void {
  const cloth = (segment: 0 | 1) => sleeve(worn.sleeve, outfit.skin, outfit.sleeveLength, segment, outfit);
  add(s.shoulder, 0.046 * g, s.elbow, 0.038 * g, cloth(0), [j.shoulder, j.elbow], 3e-3);
  add(s.elbow, 0.038 * g, s.wrist, 0.03 * g, cloth(1), [j.elbow, j.wrist], 4e-3);
  add(s.wrist, 0.037, s.hand, 0.034, { near: worn.glove, far: worn.glove, cut: 2 }, [j.wrist], 5e-3);
}

function dressTrunk(body: Body, outfit: Outfit, project: Project): Shape[] {
  const { left, right, trunk, proportions: p } = body;
  const radius = 0.062 * p.girth;
  const pelvis = between(left.hip, right.hip, 0.5);
  const corners = (
    points: readonly [Vec3, Vec3, Vec3, Vec3],
    rim: number,
    paint: Paint,
    joints: number[],
    lift: number,
  ): Shape => {
    const q = points.map(project);
    return {
      kind: 'panel',
      xs: [q[0].x, q[1].x, q[2].x, q[3].x],
      ys: [q[0].y, q[1].y, q[2].y, q[3].y],
      radius: rim * q[0].scale,
      depth: (q[0].depth + q[1].depth + q[2].depth + q[3].depth) / 4 + lift,
      paint,
      joints,
    };
  };
  const at = (x: number, y: number, z = 0) => place(pelvis, trunk, x, y, z);
  const top = p.trunk - 0.045;
  const wide = Math.max(0.02, p.shoulders - 0.035);
  const waist = Math.max(0.02, p.hips * 0.75 * p.girth);
  const shirt: Paint = {
    near: outfit.shirt,
    far: outfit.shirt,
    cut: 2,
    stripe: outfit.stripe,
    stripes: outfit.stripes,
  };
  const trousers: Paint = { near: outfit.trousers, far: outfit.trousers, cut: 2 };
  const chest = corners(
    [at(wide, top), at(-wide, top), at(-waist, 0.09), at(waist, 0.09)],
    radius,
    shirt,
    [8, 9, NECK],
    0,
  );
  const hips = corners(
    [at(waist, 0.06), at(-waist, 0.06), right.hip, left.hip],
    radius * 0.95,
    trousers,
    [2, 3],
    -2e-3,
  );
  const shapes = [hips, chest];
  if (outfit.skirt) {
    const hem = (s: Side) => between(s.hip, s.knee, 0.6);
    const cloth: Paint = { near: outfit.shirt, far: mixRgb(outfit.shirt, outfit.trousers, 0.5), cut: 0.85 };
    shapes.push(corners([at(waist, 0.03), at(-waist, 0.03), hem(right), hem(left)], radius * 1.1, cloth, [2, 3], 0.07));
  }
  // The emblem is on the chest alone: front and back look different.
  const facing = trunk.forward[2];
  if (facing > 0.15) shapes.push(...emblem(outfit, top, at, project, chest.depth + 1e-3));
  return shapes;
}

function emblem(
  outfit: Outfit,
  top: number,
  at: (x: number, y: number, z?: number) => Vec3,
  project: Project,
  depth: number,
): Shape[] {
  const print = (a: Vec3, b: Vec3, r: number): Shape => {
    const [p, q] = [project(a), project(b)];
    const paint: Paint = { near: outfit.emblem, far: outfit.emblem, cut: 2, flat: 0.5 };
    const [ar, br] = [r * p.scale, r * q.scale];
    return { kind: 'capsule', ax: p.x, ay: p.y, ar, bx: q.x, by: q.y, br, depth, paint, joints: [] };
  };
  if (outfit.emblemStyle === 'zip') return [print(at(0, top + 0.03, 0.05), at(0, 0.07, 0.06), 0.013)];
  if (outfit.emblemStyle === 'disc') return [print(at(0, top * 0.72, 0.06), at(0, top * 0.72 - 0.01, 0.06), 0.042)];
  return [print(at(0.09, top, 0.04), at(-0.07, 0.1, 0.06), 0.017)];
}

function dressHead(shapes: Shape[], add: AddCapsule, body: Body, outfit: Outfit, project: Project): void {
  const { neck, chin, headTop, skull, trunk } = body;
  const skin: Paint = { near: outfit.skin, far: outfit.skin, cut: 2 };
  add(
    place(neck, trunk, 0, -0.02, 0),
    0.034,
    chin,
    0.032,
    { ...skin, near: scaleRgb(outfit.skin, 0.85) },
    [NECK],
    2e-3,
  );
  const radius = 0.5 * body.proportions.head;
  const low = project(between(chin, headTop, 0.42));
  const high = project(between(chin, headTop, 0.58));
  const cap = outfit.hairStyle === 'cap';
  const hair = cap ? (outfit.stripe ?? outfit.emblem) : outfit.hair;
  shapes.push({
    kind: 'capsule',
    ax: low.x,
    ay: low.y,
    ar: 0.9 * radius * low.scale,
    bx: high.x,
    by: high.y,
    br: 0.95 * radius * high.scale,
    depth: low.depth + 0.03,
    paint: skin,
    joints: [NECK, HEAD_TOP],
    face: { frame: skull, hair, fringe: cap ? 0.25 : 0.5, nape: outfit.hairStyle === 'long' ? 0 : -0.15 },
  });
  if (outfit.hairStyle === 'long') {
    const crown = place(chin, skull, 0, 0.6 * body.proportions.head, -0.045);
    add(crown, 0.05, place(chin, skull, 0, -0.06, -0.06), 0.035, { near: hair, far: hair, cut: 2 }, [NECK], -0.005);
  }
  if (cap) {
    const brim = place(chin, skull, 0, 0.68 * body.proportions.head, 0.045);
    const brimPaint: Paint = { near: scaleRgb(hair, 0.75), far: scaleRgb(hair, 0.75), cut: 2 };
    add(brim, 0.028, place(brim, skull, 0, -0.008, 0.055), 0.024, brimPaint, [HEAD_TOP], 0.04);
  }
  // Earphones have the colours of the sides too: a mark that is there when the hands and feet are not.
  for (const [sign, colour] of [
    [1, WARM[0]],
    [-1, COOL[0]],
  ] as const) {
    const ear = place(chin, skull, sign * 0.92 * radius, 0.45 * body.proportions.head, 0);
    add(
      ear,
      0.016,
      place(ear, skull, 0, 0.02, 0),
      0.016,
      { near: colour, far: colour, cut: 2 },
      [],
      0.02 + 0.02 * sign * skull.left[2],
    );
  }
}
