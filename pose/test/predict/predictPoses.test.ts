import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import type { Conventions } from '../../src/checkpoints/conventions.js';
import type { FlipPoses } from '../../src/flipAverage.js';
import { decodeImage } from '../../src/node/images.js';
import { writeOverlays } from '../../src/node/predict/overlays.js';
import type { ImageToPredict } from '../../src/predict/imageToPredict.js';
import { type PredictOptions, predictPoses } from '../../src/predict/predictPoses.js';
import { errorDensity } from '../../src/uncertainty/errorDensity.js';
import { conventions, hillSeeker, lightSeeker, schema } from './seekers.js';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wgrad-predict-'));
});
afterAll(() => rmSync(home, { recursive: true }));

/** A dark picture with a white square about (x, y), its edges soft. */
async function picture(width: number, height: number, x: number, y: number): Promise<Buffer> {
  const side = Math.round(Math.min(width, height) / 8) * 2 + 1;
  const half = (side - 1) / 2;
  const dot = { create: { width: side, height: side, channels: 3 as const, background: '#fff' } };
  const hard = await sharp({ create: { width, height, channels: 3, background: '#200' } })
    .composite([{ input: dot, left: x - half, top: y - half }])
    .png()
    .toBuffer();
  return sharp(hard).blur(1.5).png().toBuffer();
}

/** In pixels: what sampling and JPEG move the centre of a soft square by; half a pixel would be a mistake of conventions. */
const NEAR = 0.25;

async function predict(images: readonly ImageToPredict[], more: Partial<PredictOptions> = {}) {
  const failures: DataError[] = [];
  const options = { network: lightSeeker(conventions), conventions, schema, batch: 4, flipTest: false };
  const found = await predictPoses(images, {
    decode: ({ path }) => decodeImage(path),
    ...options,
    onFailure: (error) => failures.push(error),
    ...more,
  });
  return { ...found, failures: failures.map(({ message }) => message) };
}

function expectNear(joints: ArrayLike<number>, x: number, y: number): void {
  expect(Math.abs(joints[0] - x)).toBeLessThan(NEAR);
  expect(Math.abs(joints[1] - y)).toBeLessThan(NEAR);
}

describe('predictPoses', () => {
  test('finds the same place in every kind of picture', async () => {
    const plain = await picture(60, 80, 22, 50);
    const kinds: Record<string, Buffer> = {
      'plain.png': plain,
      'grey.png': await sharp(plain).toColourspace('b-w').png().toBuffer(),
      'grey.jpg': await sharp(plain).toColourspace('b-w').jpeg({ quality: 95 }).toBuffer(),
      'alpha.png': await sharp(plain).ensureAlpha(1).png().toBuffer(),
      'deep.png': await sharp(plain).toColourspace('rgb16').png().toBuffer(),
      'cmyk.jpg': await sharp(plain).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
      'palette.gif': await sharp(plain).gif().toBuffer(),
      'web.webp': await sharp(plain).webp({ quality: 95 }).toBuffer(),
    };
    expect((await sharp(kinds['deep.png']).metadata()).depth).toBe('ushort');
    expect((await sharp(kinds['cmyk.jpg']).metadata()).channels).toBe(4);
    expect((await sharp(kinds['grey.jpg']).metadata()).channels).toBe(1);
    const images = Object.entries(kinds).map(([name, bytes], id) => {
      writeFileSync(join(home, name), bytes);
      return { path: join(home, name), id };
    });
    const { poses, failures } = await predict(images);
    expect(failures).toEqual([]);
    expect(poses.map(({ image }) => image)).toEqual(images);
    for (const { joints, size } of poses) {
      expect(size).toEqual([60, 80]);
      expectNear(joints, 22, 50);
    }
  });

  test.each<Partial<Conventions>>([
    { pixel: 0 },
    { pixel: 0.5 },
    { pixel: 0, maps: { decode: 'peak', refine: 'dark', kernel: 11 } },
    { pixel: 0, udp: true, maps: { decode: 'peak', refine: 'dark', kernel: 11 } },
  ])('reads heatmaps by their peaks as %j, also with the flip test', async (reading) => {
    writeFileSync(join(home, 'hill.png'), await picture(60, 80, 22, 50));
    const other: Conventions = { ...conventions, maps: { decode: 'peak' }, ...reading };
    const image = { path: join(home, 'hill.png'), id: 1, people: [{ box: [0, 0, 60, 80], category: 1, score: 0.5 }] };
    for (const flipTest of [false, true]) {
      const more = { network: hillSeeker(other), conventions: other, flipTest };
      const [pose] = (await predict([image as unknown as ImageToPredict], more)).poses;
      // A quarter of the map's pixel is what the peak is known to.
      const isDark = reading.maps?.decode === 'peak' && reading.maps.refine === 'dark';
      // Without UDP the mirror image's map is half a pixel off, which DARK does not hide.
      const near = NEAR + (isDark && reading.udp ? 0 : (0.25 * pose.side) / Math.max(...other.size));
      expect(Math.abs(pose.joints[0] - 22)).toBeLessThan(near);
      expect(Math.abs(pose.joints[1] - 50)).toBeLessThan(near);
      // Off the pixels' places a hill is a little lower; the box's score comes in as a factor.
      expect(pose.jointScores[0]).toBeGreaterThan(0.8);
      expect(pose.score).toBeCloseTo((0.5 * pose.jointScores.reduce((sum, s) => sum + s)) / 3, 12);
    }
  });

  test('keeps what it has where the network fails or the signal comes, and says which images are whole', async () => {
    writeFileSync(join(home, 'kept.png'), await picture(60, 80, 22, 50));
    const people = (count: number) =>
      Array.from({ length: count }, () => ({ box: [0, 0, 60, 80] as const, category: 1 }));
    // Batches of four: the second ends within the last image.
    const images = [3, 2, 4].map((count, id) => ({ path: join(home, 'kept.png'), id, people: people(count) }));
    const seeker = lightSeeker(conventions);
    const failing = (good: number) => (inputs: Float32Array) => {
      if (good-- === 0) throw new Error('lost');
      return seeker(inputs);
    };
    const fails = async (good: number) => {
      const { poses, done, error } = await predict(images as unknown as ImageToPredict[], { network: failing(good) });
      return [poses.length, done, (error as Error | undefined)?.message];
    };
    expect([await fails(0), await fails(1), await fails(2), await fails(3)]).toEqual([
      [0, 0, 'lost'],
      [4, 1, 'lost'],
      [8, 2, 'lost'],
      [9, 3, undefined],
    ]);
    const stop = new AbortController();
    const onProgress = (done: number) => done === 2 && stop.abort();
    const stopped = await predict(images as unknown as ImageToPredict[], { signal: stop.signal, onProgress });
    expect([stopped.poses.length, stopped.done, stopped.error]).toEqual([5, 2, undefined]);
  });

  test('turns pictures as their EXIF orientation says, whichever of the eight', async () => {
    const stored = await picture(60, 80, 12, 30);
    // Where (12, 30) of 60x80 is seen, from the definition of the tag.
    const seen: Record<number, readonly [number, number, number, number]> = {
      1: [60, 80, 12, 30],
      2: [60, 80, 47, 30],
      3: [60, 80, 47, 49],
      4: [60, 80, 12, 49],
      5: [80, 60, 30, 12],
      6: [80, 60, 49, 12],
      7: [80, 60, 49, 47],
      8: [80, 60, 30, 47],
    };
    for (const [orientation, [width, height, x, y]] of Object.entries(seen)) {
      const path = join(home, `turned${orientation}.jpg`);
      await sharp(stored)
        .jpeg({ quality: 95 })
        .withMetadata({ orientation: Number(orientation) })
        .toFile(path);
      const { poses } = await predict([{ path, id: 1 }]);
      expect(poses[0].size).toEqual([width, height]);
      expectNear(poses[0].joints, x, y);
      const [file] = await writeOverlays(join(home, `over${orientation}`), schema, poses, {
        radius: 1,
        caption: 'one',
      });
      const over = await sharp(file).raw().toBuffer({ resolveWithObject: true });
      expect([over.info.width, over.info.height]).toEqual(width < height ? [360, 480] : [480, 360]);
    }
  });

  test('of boxes, in their order and with their scores, in batches of any size', async () => {
    const path = join(home, 'boxes.png');
    writeFileSync(path, await picture(200, 150, 120, 60));
    const people = [
      { box: [90, 30, 60, 60], category: 1, score: 0.5, annotation: 7 },
      { box: [100, 40, 100, 90], category: 3 },
      { box: [70, 0, 90, 120], category: 1 },
    ] as const;
    const errors = errorDensity(Float64Array.of(1, -1, 2, 1));
    const { poses } = await predict([{ path, id: 9, people }], { errors });
    expect(poses.map(({ person }) => person)).toEqual(people);
    for (const { joints } of poses) expectNear(joints, 120, 60);
    // A box from edge to edge of its pixels, its width extended to 3:4; a quarter more on all sides.
    const [{ joints, expected, side, jointScores, score }] = poses;
    expect(side).toBeCloseTo(1.25 * 59 * (4 / 3), 9);
    expect(joints[4] - joints[0]).toBeCloseTo((1.25 * 59) / 8, 9);
    // Sigma is 0.1 and 0.2; the error lies at (1, -1) and (2, 1).
    const [sx, sy] = [0.1 * 1.25 * 59, 0.2 * side];
    expect(Array.from(expected?.mean ?? [], (value, i) => value - joints[i])).toEqual(
      [0, 1, 2].flatMap(() => [expect.closeTo(-1.5 * sx, 9), expect.closeTo(0, 9)]),
    );
    expect(Array.from(expected?.covariance ?? [])).toEqual(
      [0, 1, 2].flatMap(() => [0.25 * sx * sx, 0.5 * sx * sy, sy * sy].map((value) => expect.closeTo(value, 9))),
    );
    expect(jointScores).toEqual([0, 1, 2].map(() => expect.closeTo(0.85, 12)));
    expect(score).toBeCloseTo(0.5 + 0.85 + 0.85, 12);
    const one = await predict([{ path, id: 9, people }], { batch: 1, errors });
    expect(one.poses).toEqual(poses);
  });

  test('by the conventions of the network, not by those of wgrad', async () => {
    const path = join(home, 'plain.png');
    writeFileSync(path, await picture(60, 80, 22, 50));
    const other = { ...conventions, pixel: 0, padding: 1, size: [80, 80] as const, std: [1, 1, 1] as const };
    const { poses } = await predict([{ path, id: 1 }], { conventions: other, network: lightSeeker(other) });
    expectNear(poses[0].joints, 22, 50);
    expect(poses[0].side).toBe(79);
  });

  test('the flip test puts left and right back where they belong', async () => {
    const path = join(home, 'plain.png');
    writeFileSync(path, await picture(60, 80, 22, 50));
    const [plain, flipped] = [await predict([{ path, id: 1 }]), await predict([{ path, id: 1 }], { flipTest: true })];
    const { joints, side } = flipped.poses[0];
    expectNear(joints, 22, 50);
    // "Right" is always right of the light in what the network sees: in the mirror that is the left hand, left of it.
    const eighth = (side * 3) / 4 / 8;
    expect(plain.poses[0].joints[4] - plain.poses[0].joints[0]).toBeCloseTo(eighth, 9);
    expect(joints[4] - joints[0]).toBeCloseTo(eighth / 2, 1);
    expect(joints[2] - joints[0]).toBeCloseTo(-eighth / 2, 1);
  });

  test('goes on after what cannot be read, and says of each why', async () => {
    const good = join(home, 'good.png');
    const cut = join(home, 'cut.jpg');
    writeFileSync(good, await picture(60, 80, 22, 50));
    const whole = await sharp(await picture(60, 80, 22, 50))
      .jpeg()
      .toBuffer();
    writeFileSync(cut, whole.subarray(0, whole.length - 200));
    writeFileSync(join(home, 'text.png'), 'no picture');
    const outside = [{ box: [500, 0, 20, 20], category: 1 }] as const;
    const { poses, failures } = await predict([
      { path: cut, id: 1 },
      { path: good, id: 2, people: outside },
      { path: join(home, 'text.png'), id: 3 },
      { path: join(home, 'nowhere.png'), id: 4 },
      { path: good, id: 5 },
    ]);
    expect(poses.map(({ image }) => image.id)).toEqual([5]);
    expect(failures).toEqual([
      expect.stringMatching(/cut\.jpg: cannot be read as an image \(.+\); check that the file exists and is whole$/),
      expect.stringMatching(/good\.png: nothing of the box \[500, 0, 20, 20\] is in the 60x80 image$/),
      expect.stringMatching(/text\.png: cannot be read as an image/),
      expect.stringMatching(/nowhere\.png: cannot be read as an image/),
    ]);
  });
});

test.each(['mu', 'sigma'] as const)('%s of NaN is an error, which the images before it survive', async (broken) => {
  const path = join(home, 'finite.png');
  writeFileSync(path, await picture(60, 80, 22, 50));
  const seek = lightSeeker(conventions);
  let asked = 0;
  const network: PredictOptions['network'] = async (images) => {
    const answer = (await seek(images)) as FlipPoses;
    if (++asked === 2) answer[broken]?.fill(Number.NaN, 3, 4);
    return answer;
  };
  const images = [1, 2, 3].map((id) => ({ path, id }));
  const { poses, done, error } = await predict(images, { network, batch: 1 });
  expect([poses.length, done]).toEqual([1, 1]);
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).message).toMatch(/finite\.png: the network answers with NaN or infinity; its weights/);
});

describe('writeOverlays', () => {
  test('draws joints where they are, and ellipses of their size', async () => {
    const path = join(home, 'dark.png');
    await sharp({ create: { width: 600, height: 480, channels: 3, background: '#000' } })
      .png()
      .toFile(path);
    const pose = {
      ...{ image: { path, id: 1 }, size: [600, 480] as const, person: { box: [0, 0, 1, 1] as const, category: 1 } },
      ...{ side: 600, area: 600 * 480, jointScores: [1, 1, 1], score: 1 },
      joints: Float64Array.of(100, 80, 400, 200, 300, 400),
      // One and a half standard deviations of 40 and 20, turned by 30 degrees, about the joint.
      expected: {
        mean: Float64Array.of(100, 80, 400, 200, 300, 400),
        covariance: Float64Array.from({ length: 9 }, (_, i) => [1300, 1200 * Math.sin(Math.PI / 3) * 0.5, 700][i % 3]),
      },
    };
    const size = { radius: 1.5, caption: 'Ellipses hold 90 %' };
    const files = await writeOverlays(join(home, 'drawn'), schema, [pose, { ...pose, image: { path, id: 2 } }], size);
    const { exif } = await sharp(files[0]).metadata();
    expect(exif?.toString('latin1')).toContain('Ellipses hold 90 %');
    expect(files).toEqual([join(home, 'drawn', 'dark.jpg'), join(home, 'drawn', 'dark-2.jpg')]);
    const { data, info } = await sharp(files[0]).raw().toBuffer({ resolveWithObject: true });
    const level = (x: number, y: number) => data[(y * info.width + x) * 3];
    expect([info.width, info.height]).toEqual([600, 480]);
    expect(level(100, 80)).toBeGreaterThan(240);
    // On the ellipse, and well beyond it.
    for (const [along, across] of [
      [60, 0],
      [0, 30],
    ]) {
      const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
      const at = (r: number) =>
        level(Math.round(400 + r * (c * along - s * across)), Math.round(200 + r * (s * along + c * across)));
      expect(at(1)).toBeGreaterThan(60);
      expect(at(1.3)).toBeLessThan(20);
    }
    // Turned the other way it would reach this far.
    expect(level(452, 170)).toBeLessThan(20);
  });
});
