import type { Ellipse } from 'wgrad/rle';
import { type JointSchema, LEFT, RIGHT } from './schema.js';
import { sidesOf } from './schemas/jointNames.js';

/** One pose to be drawn over an image, in the image's pixels (pixel centres at integers, as in `PoseSample`). */
export interface DrawnPose {
  /** [K, 2]. */
  readonly joints: ArrayLike<number>;
  /** [K]: where each joint may be; the ellipses are drawn under the pose. */
  readonly ellipses?: readonly Ellipse[];
  /** [K]: joints of weight 0 and their limbs are left out. */
  readonly weights?: ArrayLike<number>;
}

/** The colour of joints that take none from a limb. */
const NEUTRAL = '#a0a0a0';

/**
 * Opacity of an ellipse's filling up to this share of the size. Larger ellipses are paler in proportion, so that they
 * hide nothing.
 */
const FILLING = 0.28;
const NARROW = 1 / 16;

/** The view box that puts an overlay on an image of this size: the origin is the first pixel's centre. */
export function overlayViewBox(width: number, height: number): string {
  return `-0.5 -0.5 ${width} ${height}`;
}

/**
 * Draws a predicted pose as an SVG group: limbs in the schema's colours with a dark edge, joints as dots, and under
 * them the ellipses of where the joints may be.
 * @param size the longer side of the image in pixels; the thickness of lines is proportional to it
 */
export function drawPose(schema: JointSchema, pose: DrawnPose, size: number): string {
  const line = size / 60;
  const colours = jointColours(schema);
  const parts: string[] = [];
  for (const [k, colour] of colours.entries()) {
    const at = pose.ellipses?.[k];
    if (!at || !isDrawn(pose, k) || !Object.values(at).every(Number.isFinite)) continue;
    const filling = FILLING * Math.min(1, (NARROW * size) ** 2 / (at.major * at.minor));
    parts.push(
      `<ellipse cx="${px(at.x)}" cy="${px(at.y)}" rx="${px(at.major)}" ry="${px(at.minor)}" ` +
        `transform="rotate(${px((at.angle * 180) / Math.PI)} ${px(at.x)} ${px(at.y)})" fill="${colour}" ` +
        `fill-opacity="${px(filling)}" stroke="${colour}" stroke-width="${px(line * 0.28)}"/>`,
    );
  }
  const limbs = schema.limbs.filter(([a, b]) => isDrawn(pose, a) && isDrawn(pose, b));
  // All edges come first, so that no limb's edge is drawn over another limb.
  for (const [a, b] of limbs) parts.push(segment(pose, a, b, '#10131a', line * 1.7, 0.75));
  for (const [a, b, colour] of limbs) parts.push(segment(pose, a, b, colour, line, 1));
  for (const [k, colour] of colours.entries()) {
    if (!isDrawn(pose, k)) continue;
    const [x, y] = point(pose.joints, k);
    parts.push(
      `<circle cx="${px(x)}" cy="${px(y)}" r="${px(line * 0.8)}" fill="#fff" stroke="${colour}" ` +
        `stroke-width="${px(line * 0.5)}"/>`,
    );
  }
  return `<g class="pose" stroke-linecap="round">${parts.join('')}</g>`;
}

/** Draws a label as an SVG group: the skeleton alone, thin and white on a dark edge, to lie under a prediction. */
export function drawLabel(schema: JointSchema, pose: DrawnPose, size: number): string {
  const line = size / 140;
  const limbs = schema.limbs.filter(([a, b]) => isDrawn(pose, a) && isDrawn(pose, b));
  const edges = limbs.map(([a, b]) => segment(pose, a, b, '#10131a', line * 2.2, 0.55));
  const lines = limbs.map(([a, b]) => segment(pose, a, b, '#fff', line, 0.95));
  return `<g class="label" stroke-linecap="round">${edges.join('')}${lines.join('')}</g>`;
}

/**
 * A joint takes the colour of a limb on its own side, which joins it neither to its mirror image nor to the middle, and
 * without such a limb that of its side.
 */
function jointColours(schema: JointSchema): string[] {
  const mirror = new Map((schema.flipPairs ?? []).flatMap(([a, b]) => [[a, b] as const, [b, a] as const]));
  const sides = sidesOf(schema.joints, schema.flipPairs ?? []);
  return schema.joints.map((_, k) => {
    const own = schema.limbs.find(
      ([a, b]) => (a === k || b === k) && mirror.has(a) === mirror.has(b) && mirror.get(a) !== b,
    );
    return own?.[2] ?? { left: LEFT, right: RIGHT, '': NEUTRAL }[sides[k] ?? ''];
  });
}

function isDrawn({ joints, weights }: DrawnPose, k: number): boolean {
  return (!weights || weights[k] > 0) && Number.isFinite(joints[2 * k]) && Number.isFinite(joints[2 * k + 1]);
}

function segment(pose: DrawnPose, a: number, b: number, colour: string, width: number, opacity: number): string {
  const [x1, y1] = point(pose.joints, a);
  const [x2, y2] = point(pose.joints, b);
  return (
    `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${colour}" ` +
    `stroke-width="${px(width)}" stroke-opacity="${opacity}"/>`
  );
}

function point(points: ArrayLike<number>, k: number): [number, number] {
  return [points[2 * k], points[2 * k + 1]];
}

/** A hundredth of a pixel is finer than any screen shows, and keeps files small. */
function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}
