import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const lab = dirname(import.meta.dirname);

/** Builds the lab into a folder, from the compiled packages, which are compiled first where they are stale. */
export function buildSite(folder: string): void {
  for (const [script, ...args] of [
    ['scripts/build.mjs'],
    ['node_modules/vite/bin/vite.js', 'build', 'lab', '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn'],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [join(lab, '..', script), ...args], {
      cwd: dirname(lab),
      encoding: 'utf8',
      env: { ...process.env, NODE_ENV: 'production' },
    });
    if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  }
}
