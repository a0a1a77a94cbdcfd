import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rememberAdapter, rememberedAdapter } from '../scripts/adapter.mjs';
import { newestChange } from '../scripts/build.mjs';
import { isStale, npmCause } from '../scripts/dependencies.mjs';
import { chooseMirror, chooseSource, majorVersion, parseCandidate, parseOsRelease } from '../scripts/mesa.mjs';
import { adviceOn, WITHOUT_MPI } from '../scripts/mpi.mjs';
import { advice, mayAsk } from '../scripts/setup.mjs';
import { countTests } from '../scripts/test.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bookworm = { id: 'debian', codename: 'bookworm' };

describe('where Mesa comes from', () => {
  test('os-release is read with and without quotes', () => {
    const text =
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n';
    expect(parseOsRelease(text)).toEqual(bookworm);
    expect(parseOsRelease('ID="fedora"\n')).toEqual({ id: 'fedora', codename: '' });
  });

  test("the candidate is read from apt's answer", () => {
    const policy = 'mesa-vulkan-drivers:\n  Installed: (none)\n  Candidate: 22.3.6-1+deb12u2\n  Version table:\n';
    expect(parseCandidate(policy)).toBe('22.3.6-1+deb12u2');
    expect(parseCandidate('mesa-vulkan-drivers:\n  Installed: (none)\n  Candidate: (none)\n')).toBeNull();
    expect(parseCandidate('')).toBeNull();
  });

  test('a version with an epoch has the major version behind it', () => {
    expect(majorVersion('25.0.7-2~bpo12+1')).toBe(25);
    expect(majorVersion('1:9.2-1')).toBe(9);
  });

  test.each([
    [bookworm, '22.3.6-1+deb12u2', { kind: 'backports', suite: 'bookworm-backports' }],
    [bookworm, null, { kind: 'backports', suite: 'bookworm-backports' }],
    [bookworm, '25.0.7-2~bpo12+1', { kind: 'plain' }],
    [{ id: 'debian', codename: 'trixie' }, '25.0.7-2', { kind: 'plain' }],
    [{ id: 'ubuntu', codename: 'noble' }, '24.0.9-0ubuntu0.1', { kind: 'plain' }],
  ])('%o with Mesa %s', (system, candidate, source) => {
    expect(chooseSource(system, candidate)).toEqual(source);
  });

  test('a system without backports says what it has and what is needed', () => {
    const source = chooseSource({ id: 'ubuntu', codename: 'jammy' }, '23.2.1-1ubuntu3.1');
    expect(source).toEqual({
      kind: 'none',
      reason: 'ubuntu offers Mesa 23.2.1-1ubuntu3.1, Mesa 24 or later is needed',
    });
  });

  test('the mirror is that of the main suite, neither of security nor of a vendor', () => {
    const targets = [
      'https://vendor.example/apt stable main',
      'https://security.example/debian-security bookworm-security main',
      'https://mirror.example/debian bookworm contrib',
      'https://mirror.example/debian/ bookworm main',
    ].join('\n');
    expect(chooseMirror(targets, 'bookworm')).toBe('https://mirror.example/debian/');
    expect(chooseMirror('', 'bookworm')).toBeNull();
  });
});

test('without Open MPI it is said what is not tested, and how to install it', () => {
  expect(adviceOn('linux')).toMatch(/^sudo apt-get install openmpi-bin libopenmpi-dev \(Debian, Ubuntu\)/);
  expect(adviceOn('darwin')).toBe('brew install open-mpi');
  expect(WITHOUT_MPI).toMatch(
    /^no mpirun of Open MPI here, so distributed training is not tested on several ranks; to have/,
  );
});

describe('the adapter that is remembered', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-stamp-'));
  const stamp = join(folder, 'cache', 'adapter.json');
  const adapter = { vendor: 'mesa', architecture: '', description: 'llvmpipe' };
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is that of the same key, and nothing is left beside it', () => {
    expect(rememberedAdapter(stamp, 'key')).toBeNull();
    rememberAdapter(stamp, 'key', adapter);
    expect(rememberedAdapter(stamp, 'key')).toEqual(adapter);
    expect(rememberedAdapter(stamp, 'other')).toBeNull();
    expect(readdirSync(dirname(stamp))).toEqual(['adapter.json']);
  });

  test.each(['{"key', '', 'null', '[]', '7'])('in a damaged file %j is asked for anew', (text) => {
    writeFileSync(stamp, text);
    expect(rememberedAdapter(stamp, 'key')).toBeNull();
    rememberAdapter(stamp, 'key', adapter);
    expect(rememberedAdapter(stamp, 'key')).toEqual(adapter);
  });

  test('where nothing can be written, nothing fails', () => {
    writeFileSync(join(folder, 'file'), '');
    rememberAdapter(join(folder, 'file', 'adapter.json'), 'key', adapter);
  });
});

describe('whom the set-up asks and what it advises', () => {
  test('only a person at a terminal, and never under CI', () => {
    expect(mayAsk({}, true)).toBe(true);
    expect(mayAsk({}, false)).toBe(false);
    expect(mayAsk({ CI: '1' }, true)).toBe(false);
  });

  test.each([
    ['linux', 'debian', 'sudo /bin/node scripts/setup.mjs'],
    ['linux', 'fedora', 'dnf install'],
    ['linux', 'nixos', 'Mesa Vulkan drivers'],
    ['darwin', '', 'Metal'],
    ['win32', '', 'Direct3D 12'],
    ['aix', '', 'no WebGPU'],
  ])('%s %s', (platform, id, part) => {
    expect(advice(platform, { id }, '/bin/node')).toContain(part);
  });
});

describe('stale dependencies', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a-win32': { version: '1.0.0', optional: true },
    },
  };
  const installed = (packages: Record<string, { version: string }>) => ({ packages });

  test('what the lock says is fresh, without the packages of other platforms', () => {
    expect(isStale(lock, installed({ 'node_modules/a': { version: '1.0.0' } }))).toBe(false);
  });

  test.each([
    ['nothing installed', null],
    ['another version', installed({ 'node_modules/a': { version: '1.0.1' } })],
    ['a package missing', installed({})],
    [
      'a package too many',
      installed({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } }),
    ],
  ])('%s is stale', (_, tree) => {
    expect(isStale(lock, tree)).toBe(true);
  });

  test("the lock file of the repository matches npm's own record of this installation", () => {
    const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
    expect(isStale(read('package-lock.json'), read('node_modules/.package-lock.json'))).toBe(false);
  });

  test('the lock file names no registry', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "[^"]*:/);
  });

  test('the lock file has the binaries of every platform, so that `npm ci` works beyond the one it was written on', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const wanted = Object.values(packages as Record<string, { optionalDependencies?: object }>).flatMap((entry) =>
      Object.keys(entry.optionalDependencies ?? {}),
    );
    const listed = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.filter((name) => !listed.has(name))).toEqual([]);
  });

  test("npm's error is one line: code and cause", () => {
    const stderr = [
      'npm error code ENOTFOUND',
      'npm error syscall getaddrinfo',
      'npm error errno ENOTFOUND',
      'npm error network request to https://registry.example/a failed, reason: getaddrinfo ENOTFOUND',
      'npm error network This is a problem related to network connectivity.',
    ].join('\n');
    expect(npmCause(stderr)).toBe(
      'ENOTFOUND: network request to https://registry.example/a failed, reason: getaddrinfo ENOTFOUND',
    );
    expect(npmCause('')).toBe('npm gave no reason');
  });
});

describe('the scripts', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgrad-setup-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const setup = (env: Record<string, string>) =>
    spawnSync(process.execPath, [join(folder, 'scripts/setup.mjs')], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: folder, ...env },
    });

  test('a clone whose packages are out of reach gets one line and exit code 1', () => {
    cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "dependencies": { "a": "1.0.0" } }');
    const a = { version: '1.0.0', resolved: 'http://127.0.0.1:9/a.tgz' };
    const lock = { lockfileVersion: 3, packages: { '': { dependencies: { a: '1.0.0' } }, 'node_modules/a': a } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
    const { status, stderr } = setup({ npm_config_registry: 'http://127.0.0.1:9', npm_config_fetch_retries: '0' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^setup: npm ci failed \(ECONNREFUSED.*\); check the network and the rights on .*\n$/);
  });

  test('Deno is fetched if the answer is yes, and one line says why it could not be', () => {
    const ensure = (answer: boolean) => {
      const code = `import { ensureDeno, findDeno } from './scripts/deno.mjs';
        await ensureDeno((question) => { console.log(question); return ${answer}; });
        console.log(findDeno());`;
      return spawnSync(process.execPath, ['--input-type=module', '-e', code], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: folder, npm_config_registry: 'http://127.0.0.1:9' },
      }).stdout;
    };
    expect(ensure(false)).toMatch(/^setup: no Deno here.*92 MB.*\nundefined\n$/);
    expect(ensure(true)).toMatch(
      /^setup: no Deno here.*\nsetup: Deno could not be installed: ECONNREFUSED.*\nundefined\n$/,
    );
  });

  test('WGRAD_NO_SETUP=1 does nothing', () => {
    const { status, stdout, stderr } = setup({ WGRAD_NO_SETUP: '1' });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  test('the newest change under a folder counts the folder itself, so that a removed file shows', () => {
    const tree = join(folder, 'tree');
    mkdirSync(join(tree, 'inner'), { recursive: true });
    writeFileSync(join(tree, 'inner/a.ts'), '');
    for (const path of ['inner/a.ts', 'inner', '.']) utimesSync(join(tree, path), 1000, 1000);
    expect(newestChange(tree)).toBe(1_000_000);
    rmSync(join(tree, 'inner/a.ts'));
    expect(newestChange(tree)).toBeGreaterThan(1_000_000);
  });

  test('tests are counted, and a file that breaks before its first test is a failure', () => {
    const file = (status: string, ...tests: string[]) => ({
      status,
      assertionResults: tests.map((t) => ({ status: t })),
    });
    const testResults = [
      file('passed', 'passed', 'passed', 'pending'),
      file('failed', 'passed', 'failed'),
      file('failed'),
    ];
    expect(countTests({ testResults })).toEqual({ passed: 3, failed: 2, skipped: 1 });
  });
});
