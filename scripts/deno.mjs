// Deno, a second implementation of WebGPU (wgpu, whose compiler of WGSL is naga), on which `npm test` and `npm run test:deno` run all
// ops. It is no dependency, since it weighs 92 MB and nothing else needs it: those two, and `npm run setup`, fetch it where no clone
// sees it.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCause } from './dependencies.mjs';

/** Where it lies, with its own cache and the bundle that it runs. */
export const DENO_FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules/.cache/wgrad/deno');
const PACKAGE = 'deno@2.9.6';
const PLAN = `the npm package ${PACKAGE}, 92 MB, into node_modules/.cache`;

/** What is said where it is missing. */
export const WITHOUT_DENO =
  'no Deno here, so the ops are not tested on a second implementation of WebGPU (wgpu); `npm run test:deno` fetches it (92 MB)';

/** Its executable, if it was fetched. */
export function findDeno() {
  const platforms = join(DENO_FOLDER, 'node_modules/@deno');
  if (!existsSync(platforms)) return undefined;
  const paths = readdirSync(platforms).flatMap((name) =>
    ['deno', 'deno.exe'].map((file) => join(platforms, name, file)),
  );
  return paths.find((path) => existsSync(path));
}

/** Fetches it for the tests, where it is missing and the answer is yes; they do without where that fails. @param agreed asks a question */
export async function ensureDeno(agreed) {
  if (findDeno() || !(await agreed(`setup: no Deno here; installing it for the tests (${PLAN}).`))) return;
  const cause = install();
  if (cause) console.log(`setup: Deno could not be installed: ${cause}`);
}

/** Its executable, which is fetched if it has to be; undefined, with the reason on stderr, where that fails. */
export function fetchDeno() {
  if (findDeno()) return findDeno();
  if (process.env.WGRAD_NO_SETUP === '1') {
    console.error(`test:deno: missing: the npm package ${PACKAGE}; WGRAD_NO_SETUP=1 keeps test:deno from getting it`);
    return undefined;
  }
  console.log(`test:deno: installing ${PLAN}`);
  const cause = install();
  if (cause) console.error(`test:deno: ${PACKAGE} could not be installed: ${cause}`);
  return findDeno();
}

/** @returns why it failed, if it did */
function install() {
  mkdirSync(DENO_FOLDER, { recursive: true });
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0'];
  const args = ['install', '--prefix', DENO_FOLDER, ...flags, PACKAGE];
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32' });
  if (status !== 0) return npmCause(stderr);
  return findDeno() ? undefined : `it has no executable for ${process.platform} ${process.arch}`;
}
