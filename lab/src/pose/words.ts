import type { JointSchema } from 'wgrad-pose';
import { table, tableRow } from '../shell/table.js';
import type { FoundPose, Spread } from './engine.js';

/** The pose in words, for those who do not see the picture. */
export function poseInWords(
  { joints }: JointSchema,
  { joints: places }: FoundPose,
  [width, height]: readonly [width: number, height: number],
): string {
  const at = joints.map((name, k) => {
    const [x, y] = [places[2 * k] / width, places[2 * k + 1] / height].map((share) => Math.round(100 * share));
    return `${plain(name)} at ${x} % from the left and ${y} % from the top`;
  });
  return `A person: ${at.join('; ')}`;
}

/** The table of joints. */
export const jointTable = (rows: HTMLElement): HTMLElement =>
  table('Joints in pixels', ['Joint', 'x', 'y', 'Score', 'Ellipse', 'Off by'], rows);

/** Its rows: pixels of the picture, half axes of the ellipses, and the distance from the truth where that is known. */
export function rowsOf(
  { joints }: JointSchema,
  { joints: places, jointScores }: FoundPose,
  { ellipses }: Spread,
  truth: Float64Array | undefined,
): HTMLElement[] {
  const px = (value: number) => value.toFixed(1);
  return joints.map((name, k) => {
    const [x, y] = [places[2 * k], places[2 * k + 1]];
    const ellipse = ellipses[k];
    const cells = [
      px(x),
      px(y),
      jointScores[k].toFixed(2),
      ellipse ? `${Math.round(ellipse.major)} \u00d7 ${Math.round(ellipse.minor)}` : '\u2013',
      truth ? px(Math.hypot(x - truth[2 * k], y - truth[2 * k + 1])) : '\u2013',
    ];
    return tableRow(plain(name), cells);
  });
}

/** Mean distance of points [K, 2] from others. */
export function meanDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; 2 * k < a.length; k++) sum += Math.hypot(a[2 * k] - b[2 * k], a[2 * k + 1] - b[2 * k + 1]);
  return (2 * sum) / a.length;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

const plain = (name: string): string => name.replaceAll('_', ' ');
