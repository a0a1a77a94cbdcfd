import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { figures } from 'wgrad-pose';
import { describeInBrowser, press, violations } from './openLab.js';

const root = join(import.meta.dirname, '../..');
const NETWORK = join(root, 'lab/src/pose/figures.safetensors');
const folder = mkdtempSync(join(tmpdir(), 'wgrad-lab-pose-'));
const picture = join(folder, 'person.png');

beforeAll(async () => {
  const sample = await figures({ train: 1, test: 100 }).test.sample(17);
  const { data, width, height } = await sample.picture!(300);
  const shown = await sharp(data, { raw: { width, height, channels: 3 } })
    .extend({ left: 40, right: 90, top: 10, background: '#405060' }) // not square, so that x and y could not change places
    .png()
    .toBuffer();
  writeFileSync(picture, shown);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The joints that the command finds, on the float64 reference. */
function jointsOfCommand(): number[] {
  const main = join(root, 'pose/src/cli/main.ts');
  const args = ['--import', 'tsx', main, 'predict', '--backend', 'cpu', '--weights', NETWORK, picture];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const [{ keypoints }] = JSON.parse(stdout) as { keypoints: number[] }[];
  return keypoints.filter((_, i) => i % 3 < 2);
}

const choose = (page: Page, name: string, buffer: Buffer | string, nth = 0) =>
  page
    .locator('input[type=file]')
    .nth(nth)
    .setInputFiles({ name, mimeType: 'image/png', buffer: Buffer.from(buffer) });
const joints = async (page: Page): Promise<number[]> =>
  JSON.parse((await page.locator('[data-joints]').getAttribute('data-joints'))!);
const says = (page: Page, pattern: RegExp) =>
  page.waitForFunction(
    (source) => new RegExp(source).test(document.querySelector('.status')?.textContent ?? ''),
    pattern.source,
  );

describeInBrowser('the room Pose', (lab) => {
  test('finds on a picture the joints that the command finds, within half a pixel', async () => {
    const expected = jointsOfCommand();
    expect(expected).toHaveLength(28);
    await lab.visit('#/pose', async (page) => {
      await page.waitForSelector('[data-joints]');
      const before = await joints(page);
      await choose(page, 'person.png', readFileSync(picture));
      await says(page, /^person\.png is shown/);
      await page.waitForFunction(
        (old) => document.querySelector('[data-joints]')?.getAttribute('data-joints') !== old,
        JSON.stringify(before),
      );
      const got = await joints(page);
      expect(got).toHaveLength(28);
      const off = got.map((value, i) => Math.abs(value - expected[i]));
      expect(Math.max(...off)).toBeLessThan(0.5);
      expect(await page.locator('.overlay ellipse').count()).toBe(14);
      expect(await page.locator('.overlay circle').count()).toBe(14);
      expect(await page.locator('tbody tr').count()).toBe(14);
      expect(await violations(page)).toEqual([]);
    });
  });

  test('near a generated figure, with larger ellipses for more of the density, and as many sampled poses as asked', async () => {
    const major = async (page: Page) =>
      Math.max(
        ...(await page.locator('.overlay ellipse').evaluateAll((all) => all.map((e) => Number(e.getAttribute('rx'))))),
      );
    let small = 0;
    for (const level of [0.5, 0.95]) {
      await lab.visit(`#/pose?seed=5&level=${level}&samples=3`, async (page) => {
        await page.waitForSelector('[data-joints]');
        expect(await page.locator('.samples .label').count()).toBe(3);
        const off = (await page.locator('.figures').textContent())!;
        expect(Number(/Off on average(\S+) px/.exec(off)?.[1])).toBeLessThan(30); // a guess of the mean pose is off by 50
        const largest = await major(page);
        expect(largest).toBeGreaterThan(1.5 * small);
        small = largest;
      });
    }
  });

  test('another box is another pose, by the pointer or typed', async () => {
    await lab.visit('#/pose?seed=5', async (page) => {
      await page.waitForSelector('[data-joints]');
      const first = await joints(page);
      await page.fill('#person', '10 10 300 300');
      await page.locator('#person').press('Enter');
      await page.waitForFunction(
        (old) => document.querySelector('[data-joints]')?.getAttribute('data-joints') !== old,
        JSON.stringify(first),
      );
      const box = (await page.locator('.stage').boundingBox())!;
      await page.mouse.move(box.x + 0.2 * box.width, box.y + 0.2 * box.height);
      await page.mouse.down();
      await page.mouse.move(box.x + 0.8 * box.width, box.y + 0.9 * box.height, { steps: 4 });
      await page.mouse.up();
      const [x, y, w, h] = (await page.inputValue('#person')).split(' ').map(Number);
      expect([x, y, w, h].map((v) => Math.round(v / 48))).toEqual([2, 2, 6, 7]);
    });
  });

  test('a file that is no picture or no network is told in a line, and the page lives on', async () => {
    const large = await sharp({ create: { width: 10_000, height: 5_001, channels: 3, background: '#888' } })
      .png()
      .toBuffer();
    const other = { weight: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } };
    const header = Buffer.from(JSON.stringify(other).padEnd(80));
    const stranger = Buffer.concat([Buffer.from(new BigUint64Array([80n]).buffer), header, Buffer.alloc(4)]);
    await lab.visit('#/pose?seed=5', async (page) => {
      await page.waitForSelector('[data-joints]');
      const before = await joints(page);
      for (const [nth, name, content, pattern] of [
        [0, 'empty.png', '', /^empty\.png: an empty file$/],
        [0, 'text.png', 'no picture', /^text\.png: no picture that this browser can read, or a broken one$/],
        [0, 'cut.png', readFileSync(picture).subarray(0, 60), /^cut\.png: .*(broken|cannot be decoded)/],
        [0, 'large.png', large, /^large\.png: 50 megapixels, the page takes up to 40; scale it down$/],
        [1, 'none.safetensors', '', /^none\.safetensors: an empty file, not weights/],
        [1, 'cut.safetensors', readFileSync(NETWORK).subarray(0, 90_000), /^cut\.safetensors: /],
        [1, 'other.safetensors', stranger, /^other\.safetensors: weights of no known pose network/],
        [1, 'person.pth', readFileSync(picture), /^person\.pth: PNG, not weights/],
      ] as const) {
        await choose(page, name, content as Buffer, nth);
        await says(page, pattern);
        expect(await page.locator('.status button').count()).toBe(0);
      }
      expect(await joints(page)).toEqual(before);
      await press(page, 'Another figure');
      await page.waitForFunction(
        (old) => document.querySelector('[data-joints]')?.getAttribute('data-joints') !== old,
        JSON.stringify(before),
      );
      expect(page.url()).toContain('seed=6');
      expect(await page.inputValue('input[name=seed]')).toBe('6');
    });
  });

  test('another network takes over, and the camera is watched until it is stopped', async () => {
    await lab.visit('#/pose?seed=5', async (page) => {
      await page.waitForSelector('[data-joints]');
      await choose(page, 'mine.safetensors', readFileSync(NETWORK), 1);
      await says(page, /^mine\.safetensors is used now/);
      expect(await page.locator('.network').textContent()).toMatch(/^mine\.safetensors: ResNet-18 of width 12/);
      await press(page, 'Camera');
      await page.waitForSelector('.figures:has-text("640 \u00d7 480")');
      await press(page, 'Stop');
      await page.waitForSelector('button:text-is("Camera")');
      await press(page, 'Another figure');
      await page.waitForSelector('.figures:has-text("480 \u00d7 480")');
    });
  });

  test('without WebGPU the reference finds the pose, and the line says so', async () => {
    const without = "Object.defineProperty(navigator, 'gpu', { value: undefined })";
    const use = async (page: Page) => {
      await page.waitForSelector('[data-joints]');
      await says(page, /CPU reference.*because this browser has no WebGPU/);
    };
    await lab.visit('#/pose?seed=5', use, without);
  });
});
