import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { Rng } from 'wgrad';
import { h36m18 } from '../../src/schemas/h36m18.js';

/** Sides of the pictures. */
export const SIDE = 64;

/** A camera that looks along z and sees some 1.9 m at 4 m. */
export const CAMERA = {
  R: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  t: [0, 0, 0],
  f: [130, 130],
  c: [31.5, 31.5],
};

/** Someone who stands upright and stretches the arms, in millimetres from the pelvis, y pointing down. */
const STANDING: readonly (readonly [x: number, y: number, z: number])[] = [
  [0, 0, 0],
  [-130, 0, 0],
  [-140, 420, -40],
  [-150, 840, 60],
  [130, 0, 0],
  [140, 420, -40],
  [150, 840, 60],
  [0, -240, 20],
  [0, -480, 10],
  [0, -560, -90],
  [0, -680, -20],
  [170, -460, 0],
  [430, -440, -60],
  [660, -460, -180],
  [-170, -460, 0],
  [-430, -440, -60],
  [-660, -460, -180],
];

/** 17 joints of somebody turned by a random angle, in the camera's millimetres. */
function person(rng: Rng): number[][] {
  const angle = rng.uniform() * 2 * Math.PI;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return STANDING.map(([x, y, z]) => [cos * x + sin * z, y + 20, cos * z - sin * x + 4000]);
}

function picture(joints: readonly number[][]): Promise<Buffer> {
  const pixels = joints.map(([x, y, z]) => [(130 * x) / z + 31.5, (130 * y) / z + 31.5, z]);
  const dots = pixels.map(([x, y, z], k) => {
    // Nearer joints are brighter, so that depth can be seen.
    const light = Math.round(155 - (z - 4000) / 8);
    const colour = k >= 11 && k <= 13 ? `rgb(${light},40,40)` : k >= 14 ? `rgb(40,40,${light})` : `rgb(40,${light},40)`;
    return `<circle cx="${x + 0.5}" cy="${y + 0.5}" r="3" fill="${colour}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${dots.join('')}</svg>`;
  return sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#101010' } })
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer();
}

/** Human3.6M's annotation file of so many people, with ids as their users' files have them. */
export function annotationsOf(people: readonly number[][][], part: string, from = 0) {
  return {
    images: people.map((_, i) => ({ id: from + i, file_name: `${part}/${part}_${i}.png`, width: SIDE, height: SIDE })),
    annotations: people.map((world, i) => ({
      ...{ id: 1000 + from + i, image_id: from + i, bbox: [0, 0, SIDE, SIDE], iscrowd: 0 },
      ...{ keypoints_world: world, cam_param: CAMERA },
    })),
  };
}

export const TEST_FILE = 'annotations/Sample_64_test_Human36M_protocol_2.json';

/** A folder in the form of Human3.6M with pictures of that many people. */
export async function h36mFolder(train: number, test: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-h36m-'));
  await mkdir(join(folder, 'annotations'));
  const rng = new Rng(11);
  const write = async (part: string, count: number, file: string, from: number) => {
    const people = Array.from({ length: count }, () => person(rng));
    await mkdir(join(folder, 'images', part), { recursive: true });
    await writeFile(join(folder, file), JSON.stringify(annotationsOf(people, part, from)));
    for (const [i, joints] of people.entries()) {
      await writeFile(join(folder, 'images', part, `${part}_${i}.png`), await picture(joints));
    }
  };
  await write('train', train, 'annotations/Sample_5_train_Human36M_protocol_2.json', 0);
  await write('test', test, TEST_FILE, train);
  return folder;
}

/** K of Human3.6M. */
export const JOINTS = h36m18.joints.length;
