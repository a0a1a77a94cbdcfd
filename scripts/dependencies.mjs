// Are the installed dependencies those of package-lock.json? npm keeps a lock of what it has installed, so comparing the
// two files tells it in milliseconds. Asking npm would take seconds.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Does the installed tree (`node_modules/.package-lock.json`, or null) differ from the lock? Packages for other platforms
 * do not count.
 */
export function isStale(lock, installed) {
  if (!installed) return true;
  const wanted = lock.packages;
  const present = installed.packages;
  const sameVersion = (path) => wanted[path]?.version === present[path].version;
  const mayBeAbsent = (path) => path === '' || wanted[path].optional || wanted[path].peer;
  return (
    Object.keys(present).some((path) => path !== '' && !sameVersion(path)) ||
    Object.keys(wanted).some((path) => !(path in present) && !mayBeAbsent(path))
  );
}

/** The line of npm's error output that names the cause. */
export function npmCause(stderr) {
  const lines = stderr.split('\n').flatMap((line) => /^npm (?:error|ERR!) (.*)$/.exec(line)?.[1] ?? []);
  const code = lines.find((line) => line.startsWith('code '))?.slice(5);
  const cause = lines.find((line) => !/^(code|errno|syscall|path|dest|network This|A complete log)\b/.test(line));
  return [code, cause].filter(Boolean).join(': ') || 'npm gave no reason';
}

/** Runs `npm ci` where `node_modules` is missing or stale; throws an Error with one line if that fails. */
export function ensureDependencies(root) {
  const read = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null);
  const lock = read(join(root, 'package-lock.json'));
  if (!lock) throw new Error('package-lock.json is missing; restore it with `git checkout package-lock.json`');
  if (!isStale(lock, read(join(root, 'node_modules/.package-lock.json')))) return;
  console.log('setup: installing the dependencies of package-lock.json (npm ci)');
  // No dependency needs an install script, so none may run.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'inherit', 'pipe'] };
  const child = npm
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (child.status !== 0) {
    const cause = npmCause(child.stderr ?? '');
    const remedy = cause.startsWith('EUSAGE')
      ? 'package.json and package-lock.json disagree: `npm install` brings them together'
      : `check the network and the rights on ${join(root, 'node_modules')}`;
    throw new Error(`npm ci failed (${cause}); ${remedy}`);
  }
}
