import type { Frame } from './frame.js';

/** sRGB in [0, 1]. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Colour along a shape, from t = 0 at its near end to 1 at its far end: sleeve then skin, and stripes on the sleeve. */
export interface Paint {
  readonly near: Rgb;
  readonly far: Rgb;
  /** Where `near` ends, in t; 1 or more if it covers everything. */
  readonly cut: number;
  readonly stripe?: Rgb;
  /** Number of stripes along the shape, if `stripe` is given. */
  readonly stripes?: number;
  /** 0 is lit like cloth; above that, drawn as flat as a print. */
  readonly flat?: number;
}

interface Drawn {
  readonly paint: Paint;
  /** Camera depth: what has the larger one is painted later. */
  readonly depth: number;
  /** Joints (indices) whose own flesh this is: it does not hide them. */
  readonly joints: readonly number[];
}

/** A segment with a radius at each end, lit as a cone: limbs, heads, feet. Image units: the picture is [0, 1]^2. */
export interface Capsule extends Drawn {
  readonly kind: 'capsule';
  readonly ax: number;
  readonly ay: number;
  readonly ar: number;
  readonly bx: number;
  readonly by: number;
  readonly br: number;
  /** A head: its surface is coloured by direction in this frame. */
  readonly face?: Face;
}

/** A quadrilateral with rounded rim, `near` along its first edge: trunks, skirts, furniture. Image units. */
export interface Panel extends Drawn {
  readonly kind: 'panel';
  readonly xs: readonly [number, number, number, number];
  readonly ys: readonly [number, number, number, number];
  readonly radius: number;
}

export type Shape = Capsule | Panel;

/** What a head shows where. */
export interface Face {
  readonly frame: Frame;
  readonly hair: Rgb;
  /** Hair covers directions with `up > fringe` or `forward < nape`. */
  readonly fringe: number;
  readonly nape: number;
}

/** Where a point lies against a shape. Reused between calls, since a picture asks ten thousand times. */
export interface Hit {
  /** Distance outside the outline, negative inside; image units. */
  distance: number;
  /** Position along the shape, 0 to 1. */
  t: number;
  /** Outward normal, x right, y down, z toward the camera. */
  nx: number;
  ny: number;
  nz: number;
}

/** Measures the point (x, y) against a shape. */
export function measure(shape: Shape, x: number, y: number, hit: Hit): void {
  if (shape.kind === 'capsule') measureCapsule(shape, x, y, hit);
  else measurePanel(shape, x, y, hit);
}

function measureCapsule(c: Capsule, x: number, y: number, hit: Hit): void {
  const dx = c.bx - c.ax;
  const dy = c.by - c.ay;
  const px = x - c.ax;
  const py = y - c.ay;
  const length2 = dx * dx + dy * dy;
  const t = length2 > 1e-12 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length2)) : 0;
  const qx = px - t * dx;
  const qy = py - t * dy;
  const off = Math.sqrt(qx * qx + qy * qy);
  const radius = c.ar + t * (c.br - c.ar);
  hit.distance = off - radius;
  hit.t = t;
  hit.nx = qx / radius;
  hit.ny = qy / radius;
  hit.nz = Math.sqrt(Math.max(0, 1 - (off / radius) ** 2));
}

/** Inigo Quilez's polygon distance, with the direction to the nearest edge as the tilt of the rim. */
function measurePanel(p: Panel, x: number, y: number, hit: Hit): void {
  let best = Infinity;
  let bestX = 0;
  let bestY = 0;
  let inside = false;
  for (let i = 0, j = 3; i < 4; j = i++) {
    const ex = p.xs[j] - p.xs[i];
    const ey = p.ys[j] - p.ys[i];
    const wx = x - p.xs[i];
    const wy = y - p.ys[i];
    const s = Math.min(1, Math.max(0, (wx * ex + wy * ey) / (ex * ex + ey * ey + 1e-12)));
    const bx = wx - s * ex;
    const by = wy - s * ey;
    const d2 = bx * bx + by * by;
    if (d2 < best) {
      best = d2;
      bestX = bx;
      bestY = by;
    }
    const crosses = p.ys[i] > y !== p.ys[j] > y;
    if (crosses && x < (ex * (y - p.ys[i])) / ey + p.xs[i]) inside = !inside;
  }
  const edge = Math.sqrt(best);
  const signed = inside ? -edge : edge;
  hit.distance = signed - p.radius;
  // Edges 0-1 and 2-3 are the near and far ones: t is the share of the way between their midpoints.
  const nearX = (p.xs[0] + p.xs[1]) / 2;
  const nearY = (p.ys[0] + p.ys[1]) / 2;
  const spanX = (p.xs[2] + p.xs[3]) / 2 - nearX;
  const spanY = (p.ys[2] + p.ys[3]) / 2 - nearY;
  hit.t = ((x - nearX) * spanX + (y - nearY) * spanY) / (spanX * spanX + spanY * spanY + 1e-12);
  // The rim curves over twice the radius, so that a trunk looks round and not like a board.
  const rim = Math.min(1, Math.max(0, (signed + p.radius) / (2 * p.radius)));
  const tilt = edge > 1e-9 ? (rim * (inside ? -1 : 1)) / edge : 0;
  hit.nx = bestX * tilt;
  hit.ny = bestY * tilt;
  hit.nz = Math.sqrt(Math.max(0, 1 - rim * rim));
}

/** The part of the picture, `[left, top, right, bottom]`, outside which a shape leaves no trace. */
export function extent(shape: Shape): [number, number, number, number] {
  if (shape.kind === 'capsule') {
    const { ax, ay, ar, bx, by, br } = shape;
    return [
      Math.min(ax - ar, bx - br),
      Math.min(ay - ar, by - br),
      Math.max(ax + ar, bx + br),
      Math.max(ay + ar, by + br),
    ];
  }
  const { xs, ys, radius } = shape;
  return [Math.min(...xs) - radius, Math.min(...ys) - radius, Math.max(...xs) + radius, Math.max(...ys) + radius];
}
