import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { opTable, readmeWithTable } from '../docs/opTable.js';
import * as wgrad from '../src/index.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const readme = read('README.md');

test('the op table of README is that of the ops that can be imported; `npm run readme` writes it', () => {
  expect(readme).toBe(readmeWithTable(readme));
  const listed = [...opTable().matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(listed.length).toBeGreaterThan(60);
  expect(new Set(listed).size).toBe(listed.length);
  for (const name of listed) expect(wgrad).toHaveProperty(name);
});

test.each(['first', 'ownOp'])('README has examples/%s.js as it is', (name) => {
  expect(readme).toContain(`\`\`\`js\n${read(`examples/${name}.js`)}\`\`\``);
});

test('what docs/rle.md says is decided in a file is there', () => {
  const places = [...read('docs/rle.md').matchAll(/`(\w+)`[^`|;]{0,20} in `(src\/[\w/]+\.ts)`/g)];
  expect(places.length).toBeGreaterThan(10);
  const lost = places.filter(([, name, file]) => !new RegExp(`(function|const) ${name}\\b`).test(read(file)));
  expect(lost.map(([place]) => place)).toEqual([]);
});
