import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stylesheet } from '../../pose/src/node/report/stylesheet.js';
import { importsOf, read } from '../../test/sources.js';
import { buildSite } from './site.js';

const LIMIT = 400_000;
const lab = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'wgrad-lab-'));
let files: readonly { name: string; body: Buffer }[];

beforeAll(() => {
  buildSite(folder);
  files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => ({ name, body: readFileSync(join(folder, name)) }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the lab', () => {
  test('imports the library by its public entries alone, an editor, and no Node module', () => {
    const entries = /^(wgrad(\/(io|nn|rle|testing))?|wgrad-pose|prism-code-editor(\/.*)?)$/;
    for (const [path, text] of read('lab/scripts')) {
      for (const { specifier } of importsOf(path, text))
        expect(specifier).toMatch(/^(node:\w+|wgrad(-pose)?(\/\w+)?)$/);
    }
    const strays = [...read('lab/src')].flatMap(([path, text]) =>
      importsOf(path, text).flatMap(({ specifier }) =>
        entries.test(specifier) || specifier.startsWith('.') ? [] : [`${path} imports ${specifier}`],
      ),
    );
    expect(strays).toEqual([]);
  });

  test('has the colours of the reports, in both schemes', () => {
    const [light, dark] = [...stylesheet.matchAll(/\{([^{}]*--paper:[^{}]*)\}/g)].map(([, block]) =>
      Object.fromEntries([...block.matchAll(/--([\w-]+): (#\w+);/g)].map(([, name, value]) => [name, value])),
    );
    const css = readFileSync(join(lab, 'src/style/palette.css'), 'utf8');
    const pairs = [...css.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\);/g)];
    expect(Object.fromEntries(pairs.map(([, name, value]) => [name, value]))).toEqual(light);
    expect(Object.fromEntries(pairs.map(([, name, , value]) => [name, value]))).toEqual(dark);
  });

  test('is a folder of files with relative paths', () => {
    const page = files.find(({ name }) => name === 'index.html')!.body.toString();
    const addresses = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
    expect(addresses.length).toBeGreaterThan(3);
    expect(addresses.filter((address) => !/^(\.\/|#|data:)/.test(address))).toEqual([]);
  });

  test(`weighs less than ${LIMIT / 1000} kB, compressed, without its data`, () => {
    const code = files.filter(({ name }) => !/\.(json|safetensors)$/.test(name));
    const bytes = code.reduce((sum, { body }) => sum + gzipSync(body).length, 0);
    expect(bytes).toBeLessThan(LIMIT);
    expect(bytes).toBeGreaterThan(20_000);
  });
});

describe('npm run lab', () => {
  test('serves on this machine alone', () => {
    const config =
      "import('./lab/vite.config.ts').then(({ default: c }) => console.log(c.preview.host, c.server.host))";
    const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', '-e', config], {
      cwd: join(lab, '..'),
      encoding: 'utf8',
    });
    expect(stdout.trim()).toBe('127.0.0.1 127.0.0.1');
  });
});
