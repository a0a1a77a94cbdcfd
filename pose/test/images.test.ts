import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { crc32 } from 'wgrad/io';
import { decodeImage } from '../src/node/images.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgrad-images-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? Buffer.from(content, 'latin1') : content);
  return path;
};

const refusal = async (path: string, maxPixels?: number): Promise<string> => {
  const error = await decodeImage(path, maxPixels === undefined ? {} : { maxPixels }).catch((e) => e);
  expect(error).toBeInstanceOf(DataError);
  return error.message;
};

/** A PNG of grey pixels, all black, that takes no memory to make. */
function blackPng(side: number): Uint8Array {
  const chunk = (type: string, body: Uint8Array) => {
    const content = Buffer.concat([Buffer.from(type), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(content));
    return Buffer.concat([length, content, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1; // one bit for each pixel, grey
  const rows = Buffer.alloc(side * (1 + Math.ceil(side / 8)));
  const start = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    start,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a format is told by content', () => {
  const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="9" height="9"/></svg>';
  test.each([
    [
      'an SVG called jpg',
      'drawing.jpg',
      drawing,
      /\(SVG; the formats that are read are JPEG, PNG, WebP, AVIF, TIFF and GIF\)/,
    ],
    ['an SVG behind a comment', 'comment.png', `<!-- a -->\n${drawing}`, /\(SVG; /],
    ['BMP', 'a.bmp', 'BM\x36\0\0\0\0\0\0\0\x36\0\0\0', /\(BMP; the formats .*; convert it to one of them$/],
    ['PPM', 'a.ppm', 'P6\n1 1\n255\nabc', /\(PPM; /],
    ['JPEG 2000', 'a.jp2', '\0\0\0\x0cjP  \r\n\x87\n', /\(JPEG 2000; /],
    ['HEIC', 'a.heic', '\0\0\0\x18ftypheic\0\0\0\0mif1heic', /\(HEIC; /],
    ['PDF', 'a.jpg', '%PDF-1.4', /\(PDF; /],
    ['a page', 'b.jpg', '<!DOCTYPE html><html>', /\(an HTML page; /],
    ['a pointer', 'c.jpg', 'version https://git-lfs.github.com/spec/v1\n', /\(a pointer of Git LFS; /],
    ['nothing', 'd.jpg', '', /\(an empty file; /],
    ['words', 'e.jpg', 'hello', /\(of no known format; /],
  ])('%s is refused', async (_, name, content, message) => {
    expect(await refusal(write(name, content))).toMatch(message);
  });

  test('what is there and no file, and what is not there, are told apart', async () => {
    expect(await refusal(folder)).toMatch(/a folder, a pipe or a device/);
    expect(await refusal(join(folder, 'none.jpg'))).toMatch(
      /none\.jpg: cannot be read as an image \(ENOENT: no such file/,
    );
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [join(folder, 'pipe.jpg')]);
    expect(await refusal(join(folder, 'pipe.jpg'))).toMatch(/a folder, a pipe or a device/);
  });

  test.each(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const)('%s is read under any name', async (format) => {
    const path = join(folder, `${format}.bmp`);
    const picture = sharp({ create: { width: 5, height: 3, channels: 3, background: '#808080' } });
    writeFileSync(path, await picture.toFormat(format).toBuffer());
    const { width, height, data } = await decodeImage(path);
    expect([width, height, data.length]).toEqual([5, 3, 45]);
    expect(Math.abs(data[22] - 128)).toBeLessThan(8);
  });

  test('a picture that is cut short is called broken, with its format', async () => {
    const whole = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    expect(await refusal(write('cut.jpg', whole.subarray(0, whole.length / 2)))).toMatch(/\(broken JPEG: /);
  });
});

test('a picture of more pixels than asked for is refused before it is decoded', async () => {
  const path = write('large.png', blackPng(16_383));
  expect(await refusal(path)).toMatch(
    /\(more than 100000000 pixels, the most that are decoded\); scale it down, or raise/,
  );
  const small = write('small.png', blackPng(9));
  expect(await refusal(small, 80)).toMatch(/more than 80 pixels/);
  expect(await decodeImage(small, { maxPixels: 81 })).toMatchObject({ width: 9, height: 9 });
});
