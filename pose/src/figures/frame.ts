/** A point or direction. */
export type Vec3 = readonly [x: number, y: number, z: number];

/** Where a part of the body is and how it is turned: its axes to the person's left, up and forward, of length 1. */
export interface Frame {
  readonly left: Vec3;
  readonly up: Vec3;
  readonly forward: Vec3;
}

export const UPRIGHT: Frame = { left: [1, 0, 0], up: [0, 1, 0], forward: [0, 0, 1] };

/** `origin + x left + y up + z forward`. */
export function place(origin: Vec3, frame: Frame, x: number, y: number, z: number): Vec3 {
  const { left, up, forward } = frame;
  return [
    origin[0] + x * left[0] + y * up[0] + z * forward[0],
    origin[1] + x * left[1] + y * up[1] + z * forward[1],
    origin[2] + x * left[2] + y * up[2] + z * forward[2],
  ];
}

/** `a + t (b - a)`. */
export function between(a: Vec3, b: Vec3, t: number): Vec3 {
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])];
}

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function unit(a: Vec3): Vec3 {
  const length = Math.hypot(...a) || 1;
  return [a[0] / length, a[1] / length, a[2] / length];
}

/** Turns a frame about its own axes: bows forward by `pitch`, leans to its left by `roll`, then turns left by `yaw`. */
export function turn(frame: Frame, pitch: number, roll: number, yaw: number): Frame {
  const [cp, sp, cr, sr, cy, sy] = [pitch, roll, yaw].flatMap((a) => [Math.cos(a), Math.sin(a)]);
  const origin: Vec3 = [0, 0, 0];
  // Columns of Ry(yaw) Rx(pitch) Rz(-roll), in the frame's own coordinates.
  const axis = (x: number, y: number, z: number): Vec3 => {
    const [x1, y1] = [cr * x + sr * y, -sr * x + cr * y];
    const [y2, z2] = [cp * y1 - sp * z, sp * y1 + cp * z];
    return place(origin, frame, cy * x1 + sy * z2, y2, -sy * x1 + cy * z2);
  };
  return { left: axis(1, 0, 0), up: axis(0, 1, 0), forward: axis(0, 0, 1) };
}
