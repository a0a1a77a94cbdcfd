import { mapExtent } from '../heatmaps/mapGrid.js';
import type { Conventions } from './conventions.js';

/** What must be done to an image before the network, in words, for those who read a model's metadata. */
export function inputInWords({
  size: [height, width],
  mean,
  std,
  channels = 'rgb',
  padding,
  pixel,
  udp,
}: Conventions): string {
  const order = channels === 'bgr' ? 'then in the order blue, green, red' : 'in this order';
  return (
    `box times ${padding} about its middle, its short side first extended to ${width}:${height}; input column u shows ` +
    `crop column (u + ${pixel}) / ${mapExtent(width, udp)} of its width, bilinear, black outside; red, green and blue as ` +
    `(value / 255 - [${mean.join(', ')}]) / [${std.join(', ')}], ${order}; NCHW`
  );
}

/** What the network's output means, in words. */
export function outputInWords({ origin, depth, pixel, udp, maps }: Conventions): string {
  if (maps?.decode === 'peak') {
    const { refine, kernel } = maps;
    const moved = refine
      ? `by DARK with a smoothing kernel of ${kernel} pixels`
      : 'by a quarter of a pixel towards the higher of its neighbours in each direction';
    return (
      `the joint is at the highest pixel of its map, moved ${moved}; ` +
      `column i of n is (i + ${pixel}) / ${udp ? '(n - 1)' : 'n'} of the crop's width from its left edge, rows likewise`
    );
  }
  const deep = depth === undefined ? '' : `; z * ${depth} is millimetres behind joint 0`;
  return `x + ${origin} is the share of the crop's width from its left edge, y + ${origin} of its height from its top${deep}`;
}
