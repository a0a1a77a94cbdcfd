import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as wgrad from '../src/index.js';
import { allCases } from '../src/testing/registry.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const readme = read('README.md');
const section = readme.split('\n## ').find((part) => part.startsWith('Ops\n')) ?? '';
const table = section.split('\n').filter((line) => line.startsWith('|'));
const named = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name);

test('the op table of README has every op of the registry, once, and no other', () => {
  const listed = table.flatMap(named);
  const registry = allCases.map(({ op }) => op.def.name);
  expect(registry.length).toBeGreaterThan(80);
  expect(listed.sort()).toEqual(registry.sort());
});

test('the functions that README names beside the table are exported', () => {
  const functions = named(section.slice(section.indexOf('Functions over them')));
  expect(functions.length).toBeGreaterThan(5);
  for (const name of functions) expect(wgrad).toHaveProperty(name);
});

test('what docs/rle.md says is decided in a file is there', () => {
  const places = [...read('docs/rle.md').matchAll(/`(\w+)`[^`|;]{0,20} in `(src\/[\w/]+\.ts)`/g)];
  expect(places.length).toBeGreaterThan(10);
  const lost = places.filter(([, name, file]) => !new RegExp(`(function|const) ${name}\\b`).test(read(file)));
  expect(lost.map(([place]) => place)).toEqual([]);
});
