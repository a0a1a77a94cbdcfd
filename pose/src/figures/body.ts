import type { Rng } from 'wgrad';
import { between, dot, type Frame, place, turn, UPRIGHT, unit, type Vec3 } from './frame.js';
import type { ArmPose, LegPose, Pose } from './pose.js';

/** Lengths of a body in units of its stature. */
export interface Proportions {
  readonly thigh: number;
  readonly shin: number;
  readonly foot: number;
  readonly trunk: number;
  readonly upperArm: number;
  readonly forearm: number;
  readonly shoulders: number;
  readonly hips: number;
  readonly neck: number;
  readonly head: number;
  /** Thickness of limbs and trunk against the average. */
  readonly girth: number;
}

/** One leg and one arm, from the trunk outward. */
export interface Side {
  readonly hip: Vec3;
  readonly knee: Vec3;
  readonly ankle: Vec3;
  readonly toe: Vec3;
  readonly shoulder: Vec3;
  readonly elbow: Vec3;
  readonly wrist: Vec3;
  readonly hand: Vec3;
}

/** A posed body in camera space: x right, y up, z toward the camera, stature 1, pelvis at the origin. */
export interface Body {
  readonly left: Side;
  readonly right: Side;
  readonly neck: Vec3;
  readonly chin: Vec3;
  readonly headTop: Vec3;
  readonly trunk: Frame;
  readonly skull: Frame;
  readonly proportions: Proportions;
}

/** Average segment lengths after Drillis and Contini (1966); `child` 0 to 1 shortens the legs and enlarges the head. */
export function sampleProportions(rng: Rng): Proportions {
  const child = Math.max(0, rng.uniform() - 0.7);
  const vary = (mean: number, spread = 0.08) => mean * (1 + spread * (2 * rng.uniform() - 1));
  return {
    thigh: vary(0.245) * (1 - 0.3 * child),
    shin: vary(0.246) * (1 - 0.3 * child),
    foot: vary(0.105),
    trunk: vary(0.288),
    upperArm: vary(0.186),
    forearm: vary(0.16),
    shoulders: vary(0.127, 0.12),
    hips: vary(0.072, 0.15),
    neck: vary(0.045),
    head: vary(0.135) * (1 + 0.5 * child),
    girth: 0.85 + 0.4 * rng.uniform() ** 2 + 0.2 * child,
  };
}

/** Forward kinematics from the pelvis outward. */
export function poseBody(p: Proportions, pose: Pose): Body {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const [bow, lean, twist] = pose.torso.map(radians);
  const [nod, tilt, look] = pose.head.map(radians);
  // The camera sees the body after it has faced, then tipped and rolled in the picture plane.
  const world = turn(turn(UPRIGHT, radians(pose.pitch), 0, 0), 0, radians(pose.roll), 0);
  const pelvis = turn(world, 0, 0, radians(pose.facing));
  const trunk = turn(pelvis, bow, lean, twist);
  const skull = turn(trunk, nod, tilt, look);
  const root: Vec3 = [0, 0, 0];
  const chest = place(root, trunk, 0, p.trunk, 0);
  const neck = place(chest, trunk, 0, 0.015, 0);
  const chin = place(neck, skull, 0, p.neck, 0.015);
  return {
    left: poseSide(p, pelvis, trunk, chest, pose.legs[0], pose.arms[0], 1),
    right: poseSide(p, pelvis, trunk, chest, pose.legs[1], pose.arms[1], -1),
    neck,
    chin,
    headTop: place(chin, skull, 0, p.head, 0),
    trunk,
    skull,
    proportions: p,
  };
}

function poseSide(
  p: Proportions,
  pelvis: Frame,
  trunk: Frame,
  chest: Vec3,
  legPose: LegPose,
  armPose: ArmPose,
  side: 1 | -1,
): Side {
  const hip = place([0, 0, 0], pelvis, side * p.hips, 0, 0);
  const knee = along(hip, pelvis, side, legPose.swing, legPose.spread, p.thigh);
  const ankle = along(knee, pelvis, side, legPose.swing - legPose.knee, legPose.spread * 0.8, p.shin);
  // A foot stands off the shin at a right angle, somewhat pointed when the leg is lifted.
  const toe = along(ankle, pelvis, side, legPose.swing - legPose.knee + 75, 12, p.foot);
  const shoulder = place(chest, trunk, side * p.shoulders, -0.02, 0);
  const elbow = along(shoulder, trunk, side, armPose.swing, armPose.spread, p.upperArm);
  const upper = unit(between(shoulder, elbow, 1).map((v, i) => v - shoulder[i]) as unknown as Vec3);
  const [inward, up, forward] = armPose.hint;
  const hint = place([0, 0, 0], trunk, -side * inward, up, forward);
  const drop = dot(hint, upper);
  const across = unit([hint[0] - drop * upper[0], hint[1] - drop * upper[1], hint[2] - drop * upper[2]]);
  const bend = (armPose.elbow * Math.PI) / 180;
  const reach = (from: Vec3, length: number): Vec3 => [
    from[0] + length * (Math.cos(bend) * upper[0] + Math.sin(bend) * across[0]),
    from[1] + length * (Math.cos(bend) * upper[1] + Math.sin(bend) * across[1]),
    from[2] + length * (Math.cos(bend) * upper[2] + Math.sin(bend) * across[2]),
  ];
  return {
    hip,
    knee,
    ankle,
    toe,
    shoulder,
    elbow,
    wrist: reach(elbow, p.forearm),
    hand: reach(elbow, p.forearm + 0.05),
  };
}

/** The end of a segment that hangs down, swung forward by `swing` and spread outward by `spread` degrees. */
function along(from: Vec3, frame: Frame, side: 1 | -1, swing: number, spread: number, length: number): Vec3 {
  const f = (swing * Math.PI) / 180;
  const s = (spread * Math.PI) / 180;
  const down = length * Math.cos(s);
  return place(from, frame, side * length * Math.sin(s), -down * Math.cos(f), down * Math.sin(f));
}
