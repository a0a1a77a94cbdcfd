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
  return [
    '1. box [x, y, w, h], of which only the part in the picture counts: from the centre of its first pixel to that of its last, so w - 1 wide and h - 1 high',
    `2. crop: its short side extended to ${width}:${height}, then both sides times ${padding}, about the same middle`,
    `3. input pixel (u, v) shows the crop at (u + ${pixel}) / ${mapExtent(width, udp)} of its width from its left edge and (v + ${pixel}) / ${mapExtent(height, udp)} of its height from its top, bilinear, black outside the picture`,
    `4. red, green and blue as (value / 255 - [${mean.join(', ')}]) / [${std.join(', ')}], ${order}`,
    '5. NCHW',
  ].join('; ');
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
