import { spawn } from 'node:child_process';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { DENO_FOLDER } from '../../scripts/deno.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
/** More processes would each compile what ops have in common. */
const MOST_PROCESSES = 4;

/** Runs `ops.ts` under Deno, in as many processes as there are cores, each with its part of the ops. @returns what each said, and how it ended */
export async function opsOnDeno(deno: string, args: readonly string[]): Promise<{ status: number; said: string }[]> {
  const bundle = join(DENO_FOLDER, 'ops.mjs');
  await build({
    ...{ entryPoints: [join(here, 'ops.ts')], outfile: bundle, bundle: true, format: 'esm' },
    ...{ platform: 'node', target: 'es2022', logLevel: 'error' },
  });
  const env = {
    XDG_RUNTIME_DIR: tmpdir(),
    ...process.env,
    DENO_DIR: join(DENO_FOLDER, 'home'),
    DENO_NO_UPDATE_CHECK: '1',
  };
  const processes = Math.min(availableParallelism(), MOST_PROCESSES);
  const run = (part: number) =>
    new Promise<{ status: number; said: string }>((resolve) => {
      const command = ['run', '--allow-all', '--unstable-webgpu', bundle, '--part', `${part}/${processes}`, ...args];
      const child = spawn(deno, command, { env });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
      }
      child.on('close', (status) => resolve({ status: status ?? 1, said: said.trim() }));
    });
  return Promise.all(Array.from({ length: processes }, (_, n) => run(n + 1)));
}
