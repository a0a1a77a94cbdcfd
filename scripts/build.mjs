// Compiles src to dist when something in src is newer (`--force`: always) and puts `wgrad` where npx looks for it.
// The compiler writes beside and the result is renamed, so a failed build leaves the last good one in place.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const main = join(dist, 'cli/main.js');

/** Newest change under a path in ms; folders count too, since a removed file shows only there. */
export function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

function isFresh() {
  const inputs = ['src', 'tsconfig.json'].map((path) => newestChange(join(root, path)));
  return existsSync(main) && statSync(dist).mtimeMs > Math.max(...inputs);
}

/** Compiles into `target`; false if the compiler found errors, which it has then printed. */
export function compile(target) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', root, '--outDir', target, '--noEmitOnError'];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

function build() {
  const started = new Date();
  const beside = `${dist}.${process.pid}`;
  try {
    if (!compile(beside)) return false;
    rmSync(dist, { recursive: true, force: true });
    renameSync(beside, dist);
    // Sources that changed while the compiler ran are not in this build.
    utimesSync(dist, started, started);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return true;
}

/** `npx wgrad` looks in node_modules/.bin, where npm never links a package's own command. */
function link() {
  const bin = join(root, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  if (process.platform === 'win32') {
    writeFileSync(join(bin, 'wgrad.cmd'), '@node "%~dp0\\..\\..\\dist\\cli\\main.js" %*\r\n');
    return;
  }
  chmodSync(main, 0o755);
  rmSync(join(bin, 'wgrad'), { force: true });
  symlinkSync('../../dist/cli/main.js', join(bin, 'wgrad'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--force') || !isFresh()) process.exitCode = build() ? 0 : 1;
  if (existsSync(main)) link();
}
