import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../scripts/build.mjs';
import { gzippedBytes, isAmong, keptFor } from './bundle.js';
import { closureOf } from './closure.js';

/** What may weigh how much in a page, all its exports included: minified, gzipped bytes. */
const LIMITS = [
  { name: 'the core, engine and kernels', entries: ['index.js'], limit: 66_000 },
  { name: 'core, networks and likelihoods', entries: ['index.js', 'nn/index.js', 'rle/index.js'], limit: 100_000 },
];

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries: string[] = Object.keys(manifest.exports);
const isCore = (entry: string) => !['./io', './pose'].includes(entry);

let stage: string;
let dist: string;

beforeAll(() => {
  stage = mkdtempSync(join(tmpdir(), 'wgrad-package-'));
  dist = join(stage, 'dist');
  for (const file of ['package.json', ...manifest.files.filter((name: string) => name !== 'dist')]) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(stage, file));
  }
  expect(compile(dist)).toBe(true);
});
afterAll(() => rmSync(stage, { recursive: true, force: true }));

function run(command: string, args: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe('a bundle', () => {
  test('of one op holds nothing of kernels/ outside what that op refers to', async () => {
    const kernels = await import(pathToFileURL(join(dist, 'index.js')).href);
    const ops = Object.keys(kernels).filter((name) => kernels[name]?.def);
    expect(ops).toContain('relu');
    const strays: Record<string, string[]> = {};
    for (const op of ops) {
      const closure = closureOf(`${join(dist, 'index.js')}#${op}`);
      const kept = await keptFor(dist, 'index.js', op);
      expect(kept.some((declaration) => declaration.endsWith(`#${op}`))).toBe(true);
      const outside = kept.filter((declaration) => declaration.includes('/kernels/') && !isAmong(closure, declaration));
      if (outside.length > 0) strays[op] = outside.map((declaration) => declaration.slice(dist.length + 1));
    }
    expect(strays).toEqual({});
  });

  test('with a planted stray is caught', async () => {
    const folder = join(stage, 'planted');
    mkdirSync(join(folder, 'kernels'), { recursive: true });
    writeFileSync(join(folder, 'kernels/heavy.js'), 'export const heavy = () => 1;');
    const light =
      "import { heavy } from './heavy.js';\nexport const light = () => 2;\nexport const cases = [heavy].map(String);";
    writeFileSync(join(folder, 'kernels/light.js'), light);
    const closure = closureOf(join(folder, 'kernels/light.js#light'));
    const kept = await keptFor(folder, 'kernels/light.js', 'light');
    const strays = kept.filter((declaration) => !isAmong(closure, declaration)).map((d) => d.split('#')[1]);
    expect(strays.sort()).toEqual(['cases', 'heavy']);
  });

  test('of relu has no matrix product and no convolution', async () => {
    const kept = await keptFor(dist, 'index.js', 'relu');
    expect(kept.filter((declaration) => /#(matmul|conv2d|batchNorm|maxPool2d)$/.test(declaration))).toEqual([]);
  });

  test.each(LIMITS)('of $name is at most $limit bytes, minified and gzipped', async ({ entries, limit }) => {
    const bytes = await gzippedBytes(dist, entries);
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThanOrEqual(limit);
  });
});

describe('the packed tarball in an empty project', () => {
  let project: string;
  beforeAll(() => {
    const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts'], stage));
    project = join(stage, 'project');
    mkdirSync(join(project, 'node_modules/wgrad'), { recursive: true });
    // The unpacked tarball is what an installation puts there; npm itself would want a registry for the dependencies.
    const target = join(project, 'node_modules/wgrad');
    run('tar', ['-xzf', join(stage, filename), '-C', target, '--strip-components=1'], stage);
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  });

  const importing = (names: string[]) => `for (const name of ${JSON.stringify(names)}) await import(name);`;
  const specifiers = (list: string[]) => list.map((entry) => entry.replace(/^\./, 'wgrad'));

  test('the core imports without a single dependency', () => {
    run(process.execPath, ['--input-type=module', '-e', importing(specifiers(entries.filter(isCore)))], project);
  });

  test('every entry and the command import with the declared dependencies', () => {
    for (const name of Object.keys(manifest.dependencies)) {
      mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name), 'junction');
    }
    run(process.execPath, ['--input-type=module', '-e', importing(specifiers(entries))], project);
    const main = join(project, 'node_modules/wgrad', manifest.bin.wgrad);
    expect(run(process.execPath, [main, '--version'], project).trim()).toBe(manifest.version);
  });

  test('the declarations serve a strict TypeScript user', () => {
    const lines = entries.map((entry, i) => `export * as e${i} from '${specifiers([entry])[0]}';`);
    writeFileSync(join(project, 'user.ts'), lines.join('\n'));
    // The user's project need not have the types of WebGPU or of Node.
    const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', types: [] };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }));
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], project);
  });

  test('holds no source, no test and nothing of the build', () => {
    const files = run('tar', ['-tzf', join(stage, `wgrad-${manifest.version}.tgz`)], stage)
      .trim()
      .split('\n');
    const allowed = /^package\/(dist\/.+\.(js|d\.ts|js\.map)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
    expect(files).toContain('package/dist/index.d.ts');
  });
});
