import type { Rng } from 'wgrad';
import { type Backdrop, sampleBackdrop } from './backdrop.js';
import { type Body, poseBody, sampleProportions } from './body.js';
import { pick, SURROUNDINGS, scaleRgb } from './colours.js';
import { dressBody, type Projected } from './dress.js';
import { unit, type Vec3 } from './frame.js';
import { sampleOutfit } from './outfit.js';
import { type PoseVariety, samplePose } from './pose.js';
import { type Hit, measure, type Panel, type Shape } from './shape.js';

/** How hard the pictures are. */
export interface SceneVariety extends PoseVariety {
  /** Share of figures with sleeves and trouser legs warm on the left and cool on the right; the others have it on shoes, gloves and earphones. */
  readonly twoTone: number;
  /** Mean number of things that stand behind the figure. */
  readonly clutter: number;
  /** Share of pictures in which something stands before the figure. */
  readonly occluders: number;
  /** Largest standard deviation of the camera's noise, in 8-bit steps. */
  readonly cameraNoise: number;
}

/** A picture before it has pixels: everything in units of the image's side, so that any size shows the same scene. */
export interface Scene {
  readonly backdrop: Backdrop;
  /** Far to near. The first `behind` are clutter, then the figure, then whatever hides it from index `before` on. */
  readonly shapes: readonly Shape[];
  readonly behind: number;
  readonly before: number;
  /** Shadow on the ground: centre, half-width and half-height, strength. */
  readonly shadow: readonly [x: number, y: number, width: number, height: number, strength: number];
  /** Direction to the light: x right, y down, z toward the camera. */
  readonly light: Vec3;
  readonly ambient: number;
  readonly exposure: number;
  readonly gamma: number;
  readonly tint: Vec3;
  /** Standard deviation of the camera's noise in [0, 1], and the key it is drawn from. */
  readonly noise: number;
  readonly noiseKey: number;
  /** The 14 joints [28]. */
  readonly joints: Float64Array;
  /** Per joint, 1 if something else lies before it. */
  readonly hidden: Uint8Array;
}

/** Camera distance in statures: near enough that an outstretched hand looks larger. */
const CAMERA = 5;

/** Draws a scene: all of it depends on `rng` alone. */
export function sampleScene(rng: Rng, variety: SceneVariety): Scene {
  const body = poseBody(sampleProportions(rng), samplePose(rng, variety));
  const outfit = sampleOutfit(rng, variety.twoTone);
  const { project, joints, span } = frameBody(rng, body);
  const figure = dressBody(body, outfit, project).sort((p, q) => p.depth - q.depth);
  const horizon = 0.35 + 0.45 * rng.uniform();
  const clutter = Array.from({ length: poisson(rng, variety.clutter) }, () =>
    sampleThing(rng, rng.uniform(), rng.uniform(), 1),
  );
  const occluders = rng.uniform() < variety.occluders ? [sampleOccluder(rng, joints)] : [];
  const shapes = [...clutter, ...figure, ...occluders];
  const ground = Math.max(...[0, 1, 4, 5, 6, 11].map((k) => joints[2 * k + 1]));
  const azimuth = 2 * Math.PI * rng.uniform();
  const across = 0.3 + 0.5 * rng.uniform();
  const light = unit([across * Math.cos(azimuth), -0.45 + 0.35 * across * Math.sin(azimuth), 0.75]);
  const warmth = 0.08 * (2 * rng.uniform() - 1);
  return {
    backdrop: sampleBackdrop(rng, horizon),
    shapes,
    behind: clutter.length,
    before: clutter.length + figure.length,
    shadow: [
      (joints[4] + joints[6]) / 2 - light[0] * 0.1,
      ground + 0.035,
      0.3 * span,
      0.06 * span,
      0.5 * rng.uniform(),
    ],
    light,
    ambient: 0.45 + 0.25 * rng.uniform(),
    exposure: 0.8 + 0.4 * rng.uniform(),
    gamma: 0.8 + 0.45 * rng.uniform(),
    tint: [1 + warmth, 1, 1 - warmth],
    noise: (variety.cameraNoise * rng.uniform()) / 255,
    noiseKey: rng.uint32(),
    joints,
    hidden: hiddenJoints(joints, shapes, clutter.length),
  };
}

/** Places the camera so that the tight box of the joints fills a bit under two thirds of the picture. */
function frameBody(rng: Rng, body: Body) {
  const ordered: readonly Vec3[] = [
    body.right.ankle,
    body.right.knee,
    body.right.hip,
    body.left.hip,
    body.left.knee,
    body.left.ankle,
    body.right.wrist,
    body.right.elbow,
    body.right.shoulder,
    body.left.shoulder,
    body.left.elbow,
    body.left.wrist,
    body.neck,
    body.headTop,
  ];
  const perspective = ([x, y, z]: Vec3): Vec3 => {
    const near = CAMERA / (CAMERA - z);
    return [x * near, -y * near, near];
  };
  const flat = ordered.map(perspective);
  const range = (axis: 0 | 1) => {
    const values = flat.map((p) => p[axis]);
    return [Math.min(...values), Math.max(...values)] as const;
  };
  const [left, right] = range(0);
  const [top, bottom] = range(1);
  const span = 0.58 + 0.1 * rng.uniform();
  const zoom = span / Math.max(right - left, bottom - top);
  const shiftX = 0.5 + 0.06 * (2 * rng.uniform() - 1) - (zoom * (left + right)) / 2;
  const shiftY = 0.5 + 0.06 * (2 * rng.uniform() - 1) - (zoom * (top + bottom)) / 2;
  const project = (point: Vec3): Projected => {
    const [x, y, near] = perspective(point);
    return { x: zoom * x + shiftX, y: zoom * y + shiftY, depth: point[2], scale: zoom * near };
  };
  const joints = Float64Array.from(ordered.map(project).flatMap((p) => [p.x, p.y]));
  return { project, joints, span };
}

/** A pole, ball, board or box; `depth` orders it among its like. */
function sampleThing(rng: Rng, x: number, y: number, size: number): Shape {
  const colour = scaleRgb(pick(rng, SURROUNDINGS), 0.4 + 0.9 * rng.uniform());
  const other = scaleRgb(pick(rng, SURROUNDINGS), 0.4 + 0.9 * rng.uniform());
  const striped = rng.uniform() < 0.25 ? { stripe: other, stripes: 2 + rng.int(4) } : {};
  const drawn = { paint: { near: colour, far: colour, cut: 2, ...striped }, depth: 0, joints: [] };
  const angle = rng.uniform() < 0.6 ? (rng.int(2) * Math.PI) / 2 : rng.uniform() * Math.PI;
  if (rng.uniform() < 0.5) {
    const reach = size * (0.02 + 0.3 * rng.uniform() ** 1.5);
    const radius = size * (0.015 + 0.05 * rng.uniform());
    const [dx, dy] = [reach * Math.cos(angle), reach * Math.sin(angle)];
    return { kind: 'capsule', ax: x - dx, ay: y - dy, ar: radius, bx: x + dx, by: y + dy, br: radius, ...drawn };
  }
  return board(x, y, size * (0.04 + 0.14 * rng.uniform()), size * (0.04 + 0.14 * rng.uniform()), angle, drawn);
}

function board(
  x: number,
  y: number,
  w: number,
  h: number,
  angle: number,
  drawn: Pick<Panel, 'paint' | 'depth' | 'joints'>,
): Panel {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const corner = (u: number, v: number) => [x + u * w * c - v * h * s, y + u * w * s + v * h * c] as const;
  const [p, q, r, t] = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
  return { kind: 'panel', xs: [p[0], q[0], r[0], t[0]], ys: [p[1], q[1], r[1], t[1]], radius: 0.012, ...drawn };
}

/** Something before the figure: now and then a thing over a joint, else a table, bench or wall over its lower end. */
function sampleOccluder(rng: Rng, joints: Float64Array): Shape {
  const k = rng.int(joints.length / 2);
  const x = joints[2 * k] + 0.1 * (rng.uniform() - 0.5);
  const y = joints[2 * k + 1] + 0.1 * (rng.uniform() - 0.5);
  if (rng.uniform() < 0.65) return sampleThing(rng, x, y, 0.7);
  const colour = scaleRgb(pick(rng, SURROUNDINGS), 0.4 + 0.9 * rng.uniform());
  const paint = { near: scaleRgb(colour, 1.2), far: colour, cut: 0.15 };
  return board(x, 0.72 + 0.15 * rng.uniform(), 0.12 + 0.2 * rng.uniform(), 0.03 + 0.12 * rng.uniform(), 0, {
    paint,
    depth: 0,
    joints: [],
  });
}

function hiddenJoints(joints: Float64Array, shapes: readonly Shape[], behind: number): Uint8Array {
  const hit: Hit = { distance: 0, t: 0, nx: 0, ny: 0, nz: 0 };
  return Uint8Array.from({ length: joints.length / 2 }, (_, k) => {
    const own = shapes.findIndex((s) => s.joints.includes(k));
    const over = shapes.slice(Math.max(behind, own)).some((s) => {
      if (s.joints.includes(k)) return false;
      measure(s, joints[2 * k], joints[2 * k + 1], hit);
      return hit.distance < 0;
    });
    return over ? 1 : 0;
  });
}

function poisson(rng: Rng, mean: number): number {
  const limit = Math.exp(-mean);
  let n = 0;
  for (let product = rng.uniform(); product > limit; product *= rng.uniform()) n++;
  return n;
}
