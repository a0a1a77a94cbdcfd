// Installs Mesa's software Vulkan driver (llvmpipe) from Debian, so that WebGPU works on a machine without a GPU. What
// apt would store about package sources goes to a temporary folder. So the lists of the system stay as they are, and no
// later `apt-get upgrade` takes anything from backports.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const PACKAGE = 'mesa-vulkan-drivers';

/** The first Mesa whose llvmpipe offers everything that Dawn asks of a Vulkan driver. */
export const OLDEST_MESA = 24;

/** Where Debian's packages of the archive keys put them, by age. */
const KEYRINGS = ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'];

/** `ID` and `VERSION_CODENAME` of os-release, unquoted. */
export function parseOsRelease(text) {
  const field = (name) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { id: field('ID'), codename: field('VERSION_CODENAME') };
}

/** The version that `apt-cache policy` would install, or null where it knows none. */
export function parseCandidate(policy) {
  const version = /^\s*Candidate:\s*(\S+)/m.exec(policy)?.[1];
  return version && version !== '(none)' ? version : null;
}

/** Major version of a Debian version string, its epoch left out: `1:25.0.7-2~bpo12+1` is 25. */
export function majorVersion(version) {
  return Number.parseInt(version.replace(/^\d+:/, ''), 10);
}

/**
 * Where a Mesa that is new enough comes from: `plain` means the suites of the system, `backports` the suite that is
 * named, and `none` that there is no suitable one, for the reason given.
 */
export function chooseSource({ id, codename }, candidate) {
  if (candidate && majorVersion(candidate) >= OLDEST_MESA) return { kind: 'plain' };
  if (id === 'debian' && codename) return { kind: 'backports', suite: `${codename}-backports` };
  const found = candidate ? `Mesa ${candidate}` : 'no Mesa';
  return { kind: 'none', reason: `${id || 'this system'} offers ${found}, Mesa ${OLDEST_MESA} or later is needed` };
}

/** The mirror of the suite `codename` among lines of `REPO_URI CODENAME COMPONENT`, or null. */
export function chooseMirror(targets, codename) {
  const lines = targets.split('\n').map((line) => line.trim().split(/\s+/));
  return lines.find(([, suite, component]) => suite === codename && component === 'main')?.[0] ?? null;
}

/** Whether this machine can install packages without asking anyone. */
export function canInstall() {
  return process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0;
}

/** Installs the driver; throws an Error with one line that says what stood in the way. */
export function installMesa(osRelease) {
  withApt((apt, addSuites) => {
    const candidate = parseCandidate(apt('apt-cache', ['policy', PACKAGE]));
    const source = chooseSource(osRelease, candidate);
    if (source.kind === 'none') throw new Error(source.reason);
    if (source.kind === 'backports') addBackports(apt, addSuites, osRelease.codename, source.suite);
    const target = source.kind === 'backports' ? ['-t', source.suite] : [];
    apt('apt-get', ['install', '-y', '--no-install-recommends', ...target, PACKAGE]);
  });
}

/**
 * Calls `use` with two functions: the first runs commands of apt, whose lists of packages are fresh and lie in a temporary
 * folder; the second adds suites of Debian's mirror to them, as `deb` or `deb-src`.
 *
 * @param {(
 *   apt: (command: string, args: readonly string[], where?: string) => string,
 *   addSuites: (codename: string, suites: readonly string[], type?: string) => void,
 * ) => void} use
 */
export function withApt(use) {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-apt-'));
  try {
    // For downloads apt becomes a user of its own, which must be able to look into this folder.
    chmodSync(folder, 0o755);
    const apt = aptIn(folder);
    apt('apt-get', ['update']);
    use(apt, (codename, suites, type = 'deb') => addSuites(apt, folder, codename, suites, type));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addSuites(apt, folder, codename, suites, type) {
  const format = '$(REPO_URI) $(CODENAME) $(COMPONENT)';
  const mirror = chooseMirror(apt('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']), codename);
  if (!mirror) throw new Error(`apt knows no mirror of ${codename} (main); check its sources and the network`);
  const keyring = KEYRINGS.find(existsSync);
  const options = keyring ? `[signed-by=${keyring}] ` : '';
  const lines = suites.map((suite) => `${type} ${options}${mirror} ${suite} main\n`);
  writeFileSync(join(folder, 'sources', `wgrad-${type}.list`), lines.join(''));
  apt('apt-get', ['update']);
}

function addBackports(apt, add, codename, suite) {
  add(codename, [suite]);
  const candidate = parseCandidate(apt('apt-cache', ['policy', '-t', suite, PACKAGE]));
  if (!candidate || majorVersion(candidate) < OLDEST_MESA) {
    throw new Error(
      `${suite} offers ${candidate ? `Mesa ${candidate}` : 'no Mesa'}, ${OLDEST_MESA} or later is needed`,
    );
  }
}

/**
 * Returns a function that runs commands of apt. They see the system's sources and those added to `folder/sources`, and
 * keep their state in `folder`.
 */
function aptIn(folder) {
  const sources = join(folder, 'sources');
  mkdirSync(sources);
  mkdirSync(join(folder, 'lists'));
  const system = '/etc/apt/sources.list.d';
  for (const file of existsSync(system) ? readdirSync(system) : [])
    symlinkSync(join(system, file), join(sources, file));
  const settings = {
    'Dir::Etc::sourceparts': sources,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'DPkg::Lock::Timeout': '120',
    'Acquire::Retries': '2',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (command, args, where) => {
    const child = spawnSync(command, [...options, ...args], {
      cwd: where,
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
      maxBuffer: 1 << 28,
    });
    // `update` exits with 100 if one source of many is out of reach. Whether that one mattered shows in the next step.
    if (child.status !== 0 && args[0] !== 'update') {
      const line = child.stderr?.split('\n').find((text) => text.startsWith('E:')) ?? child.error?.message ?? '';
      throw new Error(`${basename(command)} ${args[0]} failed${line ? `: ${line.replace(/^E:\s*/, '')}` : ''}`);
    }
    return child.stdout;
  };
}
