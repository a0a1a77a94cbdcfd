// Deno, a second implementation of WebGPU, on which `npm run test:deno` and `npm test` run all ops. It is no dependency, since it weighs
// 92 MB: `npm run test:deno` fetches it where no clone sees it, and from then on `npm test` uses it.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where it lies, with its own cache and the bundle that it runs. */
export const DENO_FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules/.cache/wgrad/deno');
const PACKAGE = 'deno@2.9.6';
const executable = join(DENO_FOLDER, 'node_modules/deno/bin.cjs');

/** What is said where it is missing. */
export const WITHOUT_DENO =
  'no Deno here, so the ops are not tested on a second implementation of WebGPU (wgpu); `npm run test:deno` fetches it (92 MB)';

/** The package's executable, a script for Node, if it was fetched. */
export function findDeno() {
  return existsSync(executable) ? executable : undefined;
}

/** The same, which is fetched if it has to be; undefined, with the reason on stderr, where that fails. */
export function fetchDeno() {
  if (findDeno()) return executable;
  if (process.env.WGRAD_NO_SETUP === '1') {
    console.error(`test:deno: missing: the npm package ${PACKAGE}; WGRAD_NO_SETUP=1 keeps test:deno from getting it`);
    return undefined;
  }
  console.log(`test:deno: installing ${PACKAGE} (92 MB) into node_modules/.cache`);
  mkdirSync(DENO_FOLDER, { recursive: true });
  const args = [
    'install',
    '--prefix',
    DENO_FOLDER,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    PACKAGE,
  ];
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32' });
  if (status === 0 && findDeno()) return executable;
  console.error(`test:deno: ${PACKAGE} could not be installed: ${stderr.trim().split('\n')[0]}`);
  return undefined;
}
