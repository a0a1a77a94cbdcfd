// `npm run test:deno`: every op on a second implementation of WebGPU. Deno has wgpu, whose compiler of WGSL is naga; Node has Dawn
// and Tint. Options go to `ops.ts`: `-- --only conv2d`, `-- --half`, `-- --assume '{"tier":"gpu"}'`.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const cache = join(root, 'node_modules/.cache/wgrad/deno');
/** No dependency, since it weighs 92 MB and one command needs it. */
const DENO = 'deno@2.9.6';

/** The package's executable, installed where no clone sees it unless it is there. */
function findDeno(): string | undefined {
  const executable = join(cache, 'node_modules/deno/bin.cjs');
  if (existsSync(executable)) return executable;
  if (process.env.WGRAD_NO_SETUP === '1') {
    console.error(`test:deno: missing: the npm package ${DENO}; WGRAD_NO_SETUP=1 keeps test:deno from getting it`);
    return undefined;
  }
  console.log(`test:deno: installing ${DENO} (92 MB) into node_modules/.cache`);
  mkdirSync(cache, { recursive: true });
  const args = ['install', '--prefix', cache, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', DENO];
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32' });
  if (status === 0 && existsSync(executable)) return executable;
  console.error(`test:deno: ${DENO} could not be installed: ${stderr.trim().split('\n')[0]}`);
  return undefined;
}

async function main(): Promise<number> {
  const deno = findDeno();
  if (!deno) return 2;
  const bundle = join(cache, 'ops.mjs');
  await build({
    ...{ entryPoints: [join(root, 'test/runtimes/ops.ts')], outfile: bundle, bundle: true, format: 'esm' },
    ...{ platform: 'node', target: 'es2022', logLevel: 'error' },
  });
  const args = [deno, 'run', '--allow-all', '--unstable-webgpu', bundle, ...process.argv.slice(2)];
  const env = { XDG_RUNTIME_DIR: tmpdir(), ...process.env, DENO_DIR: join(cache, 'home'), DENO_NO_UPDATE_CHECK: '1' };
  return spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
}

process.exitCode = await main();
