import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../scripts/build.mjs';
import { gzippedBytes, isAmong, keptFor, nodeModulesIn } from './bundle.js';
import { closureOf } from './closure.js';

/** What may weigh how much in a page, all its exports included: minified, gzipped bytes. */
const LIMITS = [
  { name: 'the core, engine and kernels', entries: ['index.js'], limit: 76_000 },
  { name: 'core, networks and likelihoods', entries: ['index.js', 'nn/index.js', 'rle/index.js'], limit: 109_500 },
];

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const poseManifest = JSON.parse(readFileSync(join(root, 'pose/package.json'), 'utf8'));
const entries: string[] = Object.keys(manifest.exports);
/** What only Node can load; the rest runs in a browser as well. */
const NODE_ENTRIES = ['./io/node', './node'];
/** Bytes that an installation may take, source maps aside. */
const UNPACKED_LIMIT = 2.5e6;

let stage: string;
let dist: string;

beforeAll(() => {
  stage = mkdtempSync(join(tmpdir(), 'wgrad-package-'));
  dist = join(stage, 'dist');
  for (const file of ['package.json', ...manifest.files.filter((name: string) => name !== 'dist')]) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(stage, file));
  }
  expect(compile('.', dist)).toBe(true);
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

describe('a bundle for the browser', () => {
  test.each(entries.filter((entry) => !NODE_ENTRIES.includes(entry)))(
    'of %s resolves nothing of Node',
    async (entry) => {
      expect(await nodeModulesIn(dist, fileOf(entry))).toEqual([]);
    },
  );

  test("of what is Node's own is caught", async () => {
    expect(await nodeModulesIn(dist, fileOf('./io/node'))).toContain('node:fs/promises');
  });
});

/** The file behind an entry of `exports`, from dist. */
function fileOf(entry: string): string {
  return manifest.exports[entry].default.replace('./dist/', '');
}

/** Packs a package that stands in `folder` as it would be published; the tarball's path. */
function pack(folder: string): string {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts'], folder));
  return join(folder, filename);
}

describe('the packed tarballs in an empty project', () => {
  let project: string;
  let library: string;
  let application: string;
  beforeAll(() => {
    library = pack(stage);
    const pose = join(stage, 'pose');
    mkdirSync(pose);
    for (const file of ['package.json', ...poseManifest.files.filter((name: string) => name !== 'dist')]) {
      cpSync(join(root, 'pose', file), join(pose, file), { recursive: true });
    }
    expect(compile('pose', join(pose, 'dist'))).toBe(true);
    application = pack(pose);
    project = join(stage, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }');
  });

  const importing = (names: string[]) => `for (const name of ${JSON.stringify(names)}) await import(name);`;
  const specifiers = (list: string[], name = 'wgrad') => list.map((entry) => entry.replace(/^\./, name));
  const installed = () => readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'));

  test('the library installs with nothing, offline, and every entry and the command run', () => {
    run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', library], project);
    expect(installed()).toEqual(['wgrad']);
    run(process.execPath, ['--input-type=module', '-e', importing(specifiers(entries))], project);
    const main = join(project, 'node_modules/wgrad', manifest.bin.wgrad);
    expect(run(process.execPath, [main, '--version'], project).trim()).toBe(manifest.version);
    expect(run(process.execPath, [main, 'gradcheck', 'relu', '--backend', 'cpu'], project)).toMatch(/1 op, 0 failures/);
  });

  test("README's first example learns, without the package webgpu, and says on what", () => {
    cpSync(join(root, 'examples/first.js'), join(project, 'first.mjs'));
    const said = run(process.execPath, ['first.mjs'], project);
    expect(said).toMatch(/^on CPU reference/);
    const losses = [...said.matchAll(/loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(losses).toHaveLength(4);
    expect(losses[3]).toBeLessThan(losses[0] / 100);
  });

  test("README's own op is what it is checked for", () => {
    cpSync(join(root, 'examples/ownOp.js'), join(project, 'ownOp.mjs'));
    const said = run(process.execPath, ['ownOp.mjs'], project);
    expect(said).toMatch(/^8 derivatives .* agree with differences\n6 elements .* on CPU reference/);
  });

  test('the application runs beside it with the dependencies that it declares', async () => {
    // The unpacked tarball is what an installation puts there; npm itself would want a registry for the dependencies.
    const target = join(project, 'node_modules/wgrad-pose');
    mkdirSync(target);
    run('tar', ['-xzf', application, '-C', target, '--strip-components=1'], stage);
    for (const name of Object.keys(poseManifest.dependencies).filter((name) => name !== 'wgrad')) {
      mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name), 'junction');
    }
    const names = specifiers(Object.keys(poseManifest.exports), 'wgrad-pose');
    const forPages = specifiers(entries.filter((entry) => !NODE_ENTRIES.includes(entry)));
    run(process.execPath, ['--input-type=module', '-e', importing(names)], project);
    for (const entry of Object.keys(poseManifest.exports)) {
      const file = poseManifest.exports[entry].default.replace('./dist/', '');
      const outside = (await nodeModulesIn(join(target, 'dist'), file)).filter((name) => !forPages.includes(name));
      expect({ entry, needsNode: outside.length > 0 }).toEqual({ entry, needsNode: NODE_ENTRIES.includes(entry) });
    }
    const main = join(target, poseManifest.bin['wgrad-pose']);
    expect(run(process.execPath, [main, '--version'], project).trim()).toBe(poseManifest.version);
    expect(run(process.execPath, [main, 'train', '--help'], project)).toContain('--loss <name>');
  });

  test('the declarations of both serve a strict TypeScript user', () => {
    const names = [...specifiers(entries), ...specifiers(Object.keys(poseManifest.exports), 'wgrad-pose')];
    const lines = names.map((name, i) => `export * as e${i} from '${name}';`);
    writeFileSync(join(project, 'user.ts'), lines.join('\n'));
    // The user's project need not have the types of WebGPU or of Node.
    const strictness = { strict: true, exactOptionalPropertyTypes: true };
    const compilerOptions = { ...strictness, noEmit: true, module: 'nodenext', target: 'es2022', types: [] };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }));
    const typescript = process.env.WGRAD_TYPESCRIPT ?? join(root, 'node_modules/typescript');
    run(process.execPath, [join(typescript, 'bin/tsc'), '-p', '.'], project);
  });

  const filesOf = (tarball: string) => run('tar', ['-tzf', tarball], stage).trim().split('\n');
  const allowed =
    /^package\/(dist\/.+\.(js|d\.ts|js\.map)|docs\/data\.md|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;

  test('hold no source, no test and nothing of the build', () => {
    for (const tarball of [library, application]) {
      const files = filesOf(tarball);
      expect(files.filter((file) => !allowed.test(file))).toEqual([]);
      for (const file of ['dist/index.d.ts', 'dist/cli/main.js', 'README.md', 'LICENSE'])
        expect(files).toContain(`package/${file}`);
    }
    // To which the application's README and help lead.
    expect(filesOf(application)).toContain('package/docs/data.md');
  });

  test(`the library takes at most ${UNPACKED_LIMIT / 1e6} MB, source maps aside`, () => {
    const folder = join(project, 'node_modules/wgrad');
    const sizes = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
      .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
    const bytes = sizes.reduce((a, b) => a + b, 0);
    expect(bytes).toBeGreaterThan(1e5);
    expect(bytes).toBeLessThanOrEqual(UNPACKED_LIMIT);
  });
});
