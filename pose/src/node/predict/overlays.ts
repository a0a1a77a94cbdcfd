import { basename, extname, join } from 'node:path';
import sharp from 'sharp';
import { makeFolder, writeFileAtomic } from 'wgrad/io/node';
import { drawPose, overlayViewBox } from '../../draw.js';
import type { PredictedPose } from '../../predict/predictPoses.js';
import type { JointSchema } from '../../schema.js';
import { ellipsesOf } from '../../uncertainty/expectedLabels.js';
import { decodePicture } from '../images.js';

/** Longer side of an overlay: a smaller picture has no room for lines, a larger one shows no more of a pose. */
const SIDES = [480, 1600] as const;
const QUALITY = 90;

/** Height of the caption's letters in the picture that is written. */
const LETTERS = 13;

/** How large ellipses are drawn, and how to say it. */
export interface EllipseSize {
  /** In standard deviations. */
  readonly radius: number;
  readonly caption: string;
}

/**
 * Draws the poses over their images, upright, with an ellipse of where each joint's label is expected and the caption at the
 * bottom, as JPEGs under the images' names; of two images of one name the second is `name-2.jpg`. Once the signal is aborted
 * no further one is drawn.
 * @param size absent where the network does not say how sure it is
 * @returns the files written
 * @throws DataError where the folder or a file cannot be written
 */
export async function writeOverlays(
  folder: string,
  schema: JointSchema,
  poses: readonly PredictedPose[],
  size?: EllipseSize,
  signal?: AbortSignal,
): Promise<string[]> {
  await makeFolder(folder);
  const byImage = new Map<PredictedPose['image'], PredictedPose[]>();
  for (const pose of poses) byImage.set(pose.image, [...(byImage.get(pose.image) ?? []), pose]);
  const taken = new Set<string>();
  for (const [image, people] of byImage) {
    if (signal?.aborted) break;
    const file = join(folder, freeName(basename(image.path, extname(image.path)), taken));
    await writeFileAtomic(file, await overlay(schema, people, size));
  }
  return [...taken].map((name) => join(folder, name));
}

async function overlay(
  schema: JointSchema,
  people: readonly PredictedPose[],
  ellipses?: EllipseSize,
): Promise<Uint8Array> {
  const [width, height] = people[0].size;
  const longer = Math.max(width, height);
  const scale = Math.min(Math.max(longer, SIDES[0]), SIDES[1]) / longer;
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const drawn = people.map(({ joints, expected, side }) => {
    // Lines suit the person, however small it is in the picture.
    const at = expected && ellipses && ellipsesOf(expected, ellipses.radius);
    return drawPose(schema, { joints, ellipses: at }, Math.min(side, longer));
  });
  const caption = ellipses ? captionOf(ellipses.caption, size) : '';
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" ` +
    `><svg viewBox="${overlayViewBox(width, height)}" preserveAspectRatio="none">${drawn.join('')}</svg>${caption}</svg>`;
  const [{ image }] = people;
  // Of any size, since the prediction took it.
  const picture = await decodePicture(image.path, { ...image, maxPixels: Number.POSITIVE_INFINITY });
  return sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .resize({ ...size, fit: 'fill' })
    .composite([{ input: Buffer.from(svg) }])
    .withExif(ellipses ? { IFD0: { ImageDescription: ellipses.caption } } : {})
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

/** A line along the bottom; fonts are the system's, and where there are none the picture's metadata still say it. */
function captionOf(text: string, { width, height }: { readonly width: number; readonly height: number }): string {
  const letters = Math.min(LETTERS, width / (0.55 * text.length + 1));
  return (
    `<rect y="${height - 1.7 * letters}" width="${width}" height="${1.7 * letters}" fill="#10131a" fill-opacity="0.6"/>` +
    `<text x="${letters / 2}" y="${height - 0.55 * letters}" font-family="sans-serif" font-size="${letters}" ` +
    `fill="#fff">${text}</text>`
  );
}

function freeName(stem: string, taken: Set<string>): string {
  let name = `${stem}.jpg`;
  for (let i = 2; taken.has(name); i++) name = `${stem}-${i}.jpg`;
  taken.add(name);
  return name;
}
