import { mkdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import sharp from 'sharp';
import { writeFileAtomic } from '../../io/atomicFile.js';
import { fileError } from '../../io/fileError.js';
import { drawPose, overlayViewBox } from '../draw.js';
import type { JointSchema } from '../schema.js';
import type { PredictedPose } from './predictPoses.js';

/** Longer side of an overlay: a smaller picture has no room for lines, a larger one shows no more of a pose. */
const SIDES = [480, 1600] as const;
const QUALITY = 90;

/**
 * Draws the poses over their images, upright, with an ellipse of one standard deviation at each joint, as JPEGs under the
 * images' names; of two images of one name the second is `name-2.jpg`.
 * @param std standard deviation of a residual in units of sigma
 * @returns the files written
 * @throws DataError where the folder or a file cannot be written
 */
export async function writeOverlays(
  folder: string,
  schema: JointSchema,
  poses: readonly PredictedPose[],
  std: readonly [number, number],
): Promise<string[]> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileError('cannot make the folder', folder, cause);
  });
  const byImage = new Map<PredictedPose['image'], PredictedPose[]>();
  for (const pose of poses) byImage.set(pose.image, [...(byImage.get(pose.image) ?? []), pose]);
  const taken = new Set<string>();
  for (const [image, people] of byImage) {
    const file = join(folder, freeName(basename(image.path, extname(image.path)), taken));
    await writeFileAtomic(file, await overlay(image.path, schema, people, std));
  }
  return [...taken].map((name) => join(folder, name));
}

async function overlay(
  path: string,
  schema: JointSchema,
  people: readonly PredictedPose[],
  std: readonly [number, number],
): Promise<Uint8Array> {
  const [width, height] = people[0].size;
  const longer = Math.max(width, height);
  const scale = Math.min(Math.max(longer, SIDES[0]), SIDES[1]) / longer;
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const drawn = people.map(({ joints, sigma, side }) => {
    // Lines suit the person, however small it is in the picture.
    return drawPose(schema, { joints, spread: sigma?.map((s, i) => s * std[i % 2]) }, Math.min(side, longer));
  });
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" ` +
    `viewBox="${overlayViewBox(width, height)}" preserveAspectRatio="none">${drawn.join('')}</svg>`;
  return sharp(path)
    .autoOrient()
    .flatten()
    .toColourspace('srgb')
    .resize({ ...size, fit: 'fill' })
    .composite([{ input: Buffer.from(svg) }])
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

function freeName(stem: string, taken: Set<string>): string {
  let name = `${stem}.jpg`;
  for (let i = 2; taken.has(name); i++) name = `${stem}-${i}.jpg`;
  taken.add(name);
  return name;
}
