import type { Pen } from '../../shell/figure.js';
import { colour } from '../../shell/theme.js';
import type { FigurePose, JointsFrame, Shown } from './frame.js';

/** A shown figure as something that can be drawn. */
export function pictureOf({ side, pixels }: Shown): OffscreenCanvas {
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    image.data.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  const canvas = new OffscreenCanvas(side, side);
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/** A figure with the skeleton that is predicted, an ellipse around each joint, and a ring where the joint really is. */
export function paintPose(
  pen: Pen,
  picture: OffscreenCanvas,
  { truth }: Shown,
  { joints, ellipses }: FigurePose,
  limbs: JointsFrame['limbs'],
  radius: number,
): void {
  // Crop units point down, as pictures do.
  pen.plain([-0.5, 0.5], [0.5, -0.5]);
  const { context, width, unit } = pen;
  const thick = Math.max(1.5, width / unit / 90);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, pen.width, pen.height);
  for (const [from, to, tint] of limbs) {
    const xs = [joints[2 * from], joints[2 * to]];
    const ys = [joints[2 * from + 1], joints[2 * to + 1]];
    pen.line(xs, ys, '#ffffff', 2.2 * thick);
    pen.line(xs, ys, tint, thick);
  }
  for (const { x, y, major, minor, angle } of ellipses) {
    context.beginPath();
    const [rx, ry] = [radius * major * width, radius * minor * width];
    context.ellipse(pen.atX(x), pen.atY(y), rx, ry, angle, 0, 2 * Math.PI);
    context.fillStyle = 'rgba(255, 255, 255, 0.05)';
    context.fill();
    context.lineWidth = 2.6 * unit;
    context.strokeStyle = 'rgba(0, 0, 0, 0.3)';
    context.stroke();
    context.lineWidth = 1.2 * unit;
    context.strokeStyle = 'rgba(255, 255, 255, 0.9)';
    context.stroke();
  }
  for (let k = 0; k < truth.length; k += 2) {
    context.beginPath();
    context.arc(pen.atX(truth[k]), pen.atY(truth[k + 1]), 1.4 * thick * unit, 0, 2 * Math.PI);
    context.lineWidth = 1.6 * unit;
    context.strokeStyle = '#101319';
    context.stroke();
  }
}

/** A figure of the run so far. */
export interface Reading {
  readonly step: number;
  readonly error: number;
}

/** The mean error over steps. */
export function paintCourse(pen: Pen, readings: readonly Reading[]): void {
  const last = Math.max(10, ...readings.map(({ step }) => step));
  const most = Math.max(10, ...readings.map(({ error }) => error));
  pen.axes({ domain: [0, last], label: 'step' }, { domain: [0, 1.05 * most], label: 'error, % of the crop' });
  pen.inside(() =>
    pen.line(
      readings.map(({ step }) => step),
      readings.map(({ error }) => error),
      colour('network'),
      2.5,
    ),
  );
}

/** How many labels ellipses hold, against how many they should. */
export function paintHeld(pen: Pen, levels: readonly number[], { held }: JointsFrame): void {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  pen.axes({ domain: [0, 1], ticks, label: 'nominal' }, { domain: [0, 1], ticks, label: 'observed' });
  pen.line([0, 1], [0, 1], colour('faint'), 1, [2, 3]);
  pen.line([0, ...levels, 1], [0, ...held, 1], colour('network'), 2.5);
  pen.dots(
    levels.flatMap((level, i) => [level, held[i]]),
    colour('network'),
    3.5,
  );
}
