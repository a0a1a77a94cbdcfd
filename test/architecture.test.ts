import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { importsOf, parse, planted, read, resolve, root, type Sources } from './sources.js';

/** Lowest first: a folder imports itself and what stands before it. `index` is src/index.ts, the public core. */
const FLOORS = ['errors', 'tensor', 'autograd', 'kernels', 'index', 'nn', 'rle', 'ranks', 'io', 'testing', 'cli'];

/** What a browser loads without a bundler, so nothing that these reach may need Node or a package. */
const CORE_ENTRIES = ['index', 'nn/index', 'rle/index', 'ranks/index', 'io/index', 'testing/index'].map(
  (name) => `src/${name}.ts`,
);

const MAX_LINES = 300;
const NAME = /^[a-z][a-zA-Z0-9]*(\.(wgsl|test|config))?\.(ts|mjs)$/;
const EMPTY_NAME = /^(utils?|helpers?|misc|common|stuff)$/i;
const GPU_GLOBAL = /^(navigator|GPU[A-Z]\w*)$/;

function floorOf(path: string): number {
  return FLOORS.indexOf(path.split('/')[1].replace(/\.ts$/, ''));
}

function floorViolations(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) =>
    importsOf(path, text).flatMap(({ specifier }) => {
      const target = resolve(path, specifier);
      if (floorOf(path) < 0) return [`${path} stands on no floor`];
      if (!target) return [];
      const allowed = target.startsWith('src/') && floorOf(target) >= 0 && floorOf(target) <= floorOf(path);
      return allowed ? [] : [`${path} imports ${specifier}`];
    }),
  );
}

/**
 * Rings of files that import each other, types included: none of them can be read or tested without the others.
 * `import()` may close a ring, since a file is evaluated without waiting for it.
 */
function rings(sources: Sources): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path].join(' -> '));
    if (start >= 0 || done.has(path)) return;
    for (const { specifier, dynamic } of importsOf(path, sources.get(path) ?? '')) {
      const target = dynamic ? null : resolve(path, specifier);
      if (target) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return found;
}

/** Packages and Node modules that the core reaches without asking for them at run time. */
function bareViolations(sources: Sources, entries: readonly string[]): string[] {
  const seen = new Set<string>();
  const visit = (path: string): string[] => {
    if (seen.has(path)) return [];
    seen.add(path);
    return importsOf(path, sources.get(path) ?? '').flatMap(({ specifier, dynamic }) => {
      const target = resolve(path, specifier);
      if (target) return visit(target);
      return dynamic ? [] : [`${path} imports ${specifier}`];
    });
  };
  return entries.flatMap(visit);
}

function gpuViolations(sources: Sources): string[] {
  const found: string[] = [];
  for (const [path, text] of sources) {
    if (/^src\/tensor\/webgpu\w*\.ts$/.test(path)) continue;
    const visit = (node: ts.Node): void => {
      if (ts.isTypeNode(node)) return; // types leave nothing behind
      if (ts.isIdentifier(node) && GPU_GLOBAL.test(node.text)) found.push(`${path} uses ${node.text}`);
      ts.forEachChild(node, visit);
    };
    visit(parse(path, text));
  }
  return found;
}

function fileViolations(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const lines = text.trimEnd().split('\n').length;
    const words = path.split('/').map((part) => part.replace(/\..*$/, ''));
    return [
      ...(lines > MAX_LINES ? [`${path} has ${lines} lines, at most ${MAX_LINES}`] : []),
      ...(NAME.test(basename(path)) ? [] : [`${path} is not camelCase`]),
      ...words.filter((word) => EMPTY_NAME.test(word)).map((word) => `${path}: "${word}" says nothing`),
    ];
  });
}

describe('floors', () => {
  test('imports go down only', () => {
    expect(floorViolations(read('src'))).toEqual([]);
  });

  test.each([
    ["import { a } from '../nn/a.js';", '../nn/a.js'],
    ["import '../nn/a.js';", '../nn/a.js'],
    ["import type { A } from '../nn/a.js';", '../nn/a.js'],
    ["export * from '../nn/a.js';", '../nn/a.js'],
    ["export { a } from '../nn/a.js';", '../nn/a.js'],
    ["const a = await import('../nn/a.js');", '../nn/a.js'],
    ["let a: import('../nn/a.js').A;", '../nn/a.js'],
    ["import { a } from '../../test/a.js';", '../../test/a.js'],
  ])('a planted %s is found', (text, specifier) => {
    expect(floorViolations(planted({ 'src/kernels/x.ts': text }))).toEqual([`src/kernels/x.ts imports ${specifier}`]);
  });

  test('a folder outside the floors is found', () => {
    expect(floorViolations(planted({ 'src/extras/x.ts': "import 'a';" }))).toEqual([
      'src/extras/x.ts stands on no floor',
    ]);
  });

  test('the folders of src are the floors', () => {
    const names = readdirSync(join(root, 'src')).map((name) => name.replace(/\.ts$/, ''));
    expect(names.filter((name) => !FLOORS.includes(name))).toEqual([]);
  });
});

describe('rings', () => {
  test('no file needs itself', () => {
    expect(rings(read('src', 'mpi/src', 'pose/src'))).toEqual([]);
  });

  const three = (closing: string) =>
    planted({
      'src/kernels/a.ts': "import { b } from './b.js';",
      'src/kernels/b.ts': "export { c } from './c.js';",
      'src/kernels/c.ts': closing,
    });

  test.each([
    "import { a } from './a.js';",
    "import './a.js';",
    "import { type A } from './a.js';",
    "import type { A } from './a.js';",
    "export type { A } from './a.js';",
    "let a: import('./a.js').A;",
  ])('a planted one, closed by %s, is found', (closing) => {
    expect(rings(three(closing))).toEqual([
      'src/kernels/a.ts -> src/kernels/b.ts -> src/kernels/c.ts -> src/kernels/a.ts',
    ]);
  });

  test('an import() closes none', () => {
    expect(rings(three("const later = () => import('./a.js');"))).toEqual([]);
  });
});

describe('core', () => {
  test('needs no package and no Node module before run time', () => {
    expect(bareViolations(read('src'), CORE_ENTRIES)).toEqual([]);
  });

  test.each(["import fs from 'node:fs';", "import 'sharp';", "export * from 'fs';"])(
    'a planted %s is found',
    (text) => {
      const sources = planted({ 'src/index.ts': "export * from './tensor/x.js';", 'src/tensor/x.ts': text });
      expect(bareViolations(sources, ['src/index.ts'])).toHaveLength(1);
    },
  );

  test('only tensor/webgpu* touches GPU globals', () => {
    expect(gpuViolations(read('src'))).toEqual([]);
  });

  test.each(['navigator.gpu;', 'globalThis.navigator;', 'f(GPUBufferUsage.STORAGE);'])(
    'a planted %s is found',
    (text) => {
      expect(gpuViolations(planted({ 'src/kernels/x.ts': text, 'src/tensor/webgpuPool.ts': text }))).toHaveLength(1);
    },
  );
});

describe('files', () => {
  test('are short, named in camelCase, and named for what they hold', () => {
    expect(
      fileViolations(read('src', 'test', 'scripts', 'mpi/src', 'mpi/test', 'pose/src', 'pose/test', 'pose/fuzz')),
    ).toEqual([]);
  });

  test.each([
    ['src/nn/utils.ts', ''],
    ['src/helpers/a.ts', ''],
    ['src/nn/batch_norm.ts', ''],
    ['src/nn/BatchNorm.ts', ''],
    ['src/nn/norm.ts', '\n'.repeat(MAX_LINES).concat('x')],
  ])('a planted %s is found', (path, text) => {
    expect(fileViolations(planted({ [path]: text }))).toHaveLength(1);
  });
});
