// Compiles the src of each package to its dist if something in src is newer; `--force` compiles always. The library comes
// first, because the application is compiled against it. Then the commands are put where npx looks for them. The compiler
// writes to a folder beside dist, which is renamed at the end, so a failed build leaves the last good one.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
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

/** The packages of this repository with the names of their commands, in the order in which they are compiled. */
export const PACKAGES = [
  { command: 'wgrad', folder: '.' },
  { folder: 'mpi' },
  { command: 'wgrad-pose', folder: 'pose' },
];

/** Newest change under a path in ms. Folders count too, because only they show that a file was removed. */
export function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

function isFresh(folder) {
  const inputs = ['src', 'tsconfig.json'].map((path) => newestChange(join(root, folder, path)));
  const dist = join(root, folder, 'dist');
  return existsSync(join(dist, 'index.js')) && statSync(dist).mtimeMs > Math.max(...inputs);
}

/** Compiles the package in `folder` into `target`; false if the compiler found errors, which it has then printed. */
export function compile(folder, target) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', join(root, folder), '--outDir', target, '--noEmitOnError'];
  if (spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status !== 0) return false;
  for (const path of readdirSync(target, { recursive: true })) {
    if (path.endsWith('.js')) compact(join(target, path));
  }
  return true;
}

/** What a line of a kernel does without, but the texts of errors and docstrings. The rewriter for float16 knows `var<storage, ` and `: array<`. */
const SPACES = [
  [/ ([-=+*/%&|<>^]|&&|\|\||[-=!<>+*/]=|<<|>>|->) (?![-&])/g, '$1'],
  [/((?<!storage),|;|(?<=\w):(?! array)) /g, '$1'],
  [/\b(if|for|while|switch) (?=\()/g, '$1'],
  // A space after `}` stays: it may close a `${}`, as in `${strided ? 'let' : 'const'} strideH`.
  [/(?<=\{) | (?=[{}])/g, ''],
];

/** Takes comments and spaces from kernels: nobody reads them in dist, and every browser would load them (1.5 kB gzipped). */
function compact(path) {
  const text = readFileSync(path, 'utf8');
  // Elsewhere the texts that are marked so.
  const short = path.endsWith('.wgsl.js') ? shortened(text) : text.replace(/(?<=\/\* wgsl \*\/ `)[^`]*/g, shortened);
  if (short !== text) writeFileSync(path, short);
}

function shortened(text) {
  const lines = text.replace(/^[ \t]+|[ \t]*\/\/ [^`\n]*$/gm, '').split('\n');
  const short = (line) => SPACES.reduce((rest, [space, kept]) => rest.replace(space, kept), line);
  const isProse = (line) => line.includes('Error(') || /^(\/\*\*|\*) /.test(line);
  return lines
    .filter(Boolean)
    .map((line) => (isProse(line) ? line : short(line)))
    .join('\n');
}

function build(folder) {
  const started = new Date();
  const dist = join(root, folder, 'dist');
  const beside = `${dist}.${process.pid}`;
  try {
    if (!compile(folder, beside)) return false;
    rmSync(dist, { recursive: true, force: true });
    renameSync(beside, dist);
    // Sources that changed while the compiler ran are not in this build.
    utimesSync(dist, started, started);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return true;
}

/**
 * Links a command into node_modules/.bin, where `npx` looks. npm does so by itself only if the command was built before
 * the packages were installed.
 */
function link(command, folder) {
  const bin = join(root, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  const main = join(root, folder, 'dist/cli/main.js');
  if (process.platform === 'win32') {
    const path = join('..', '..', folder, 'dist', 'cli', 'main.js').replaceAll('/', '\\');
    writeFileSync(join(bin, `${command}.cmd`), `@node "%~dp0\\${path}" %*\r\n`);
    return;
  }
  chmodSync(main, 0o755);
  rmSync(join(bin, command), { force: true });
  symlinkSync(join('../..', folder, 'dist/cli/main.js'), join(bin, command));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const force = process.argv.includes('--force');
  // If the library was compiled, the application is compiled too: any change may concern it.
  let rebuilt = force;
  for (const { command, folder } of PACKAGES) {
    if (rebuilt || !isFresh(folder)) {
      rebuilt = true;
      if (!build(folder)) {
        process.exitCode = 1;
        break;
      }
    }
    if (command) link(command, folder);
  }
}
