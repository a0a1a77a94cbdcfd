import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeviceError } from '../../src/errors.js';
import type { Work } from './collect.js';
import type { Collected } from './recorder.js';
import { type KernelRow, readRows } from './rows.js';
import { environmentOf, findDriver, type Target, type Tools, targetName } from './targets.js';
import { CACHE } from './tools.js';

const here = dirname(fileURLToPath(import.meta.url));
/** Far more than the largest run takes. */
const LIMIT_MS = 30 * 60_000;

export interface IsaRun extends Collected {
  readonly rows: readonly KernelRow[];
  /** Where the listing of each kernel lies, `<file>.asm`, beside its WGSL and SPIR-V. */
  readonly folder: string;
}

/**
 * Compiles `work` for a target in a process of its own and reads what became of it.
 * @throws DeviceError if the driver knows no such GPU, or crashes
 */
export function compileFor(target: Target, work: Work, tools: Tools, subgroup?: number, name = ''): IsaRun {
  const driver = findDriver(target.vendor);
  if (!driver) throw new DeviceError(`${targetName(target)}: there is no Vulkan driver for it (mesa-vulkan-drivers)`);
  const folder = join(CACHE, 'out', `${target.vendor}-${target.gpu}${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const child = spawnSync(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), join(here, 'collect.ts'), folder, JSON.stringify(work)],
    {
      env: { ...environmentOf(target, driver, tools, subgroup), WGRAD_ISA_OUT: folder },
      encoding: 'utf8',
      timeout: LIMIT_MS,
      maxBuffer: 1 << 28,
    },
  );
  const path = join(folder, 'collected.json');
  if (!existsSync(path)) {
    const said = join(folder, 'error');
    const why = existsSync(said) ? readFileSync(said, 'utf8') : child.stderr.trim().split('\n').at(-1);
    const how = child.signal ? `ended by ${child.signal}` : `exit code ${child.status}`;
    throw new DeviceError(`${targetName(target)}: nothing was compiled (${how}): ${why}`);
  }
  const collected: Collected = JSON.parse(readFileSync(path, 'utf8'));
  return { ...collected, rows: readRows(folder, target, collected), folder };
}
