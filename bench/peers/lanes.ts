import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError } from '../../src/errors.js';
import type { LaneSpec } from './laneProcess.js';
import { OURS } from './report.js';

const here = dirname(fileURLToPath(import.meta.url));

/** Where a Python with PyTorch may be: the first one on the path may have none. */
const PYTHONS = ['python3', '/usr/bin/python3', '/usr/local/bin/python3'];

/** The lanes of a run: wgrad, the peers named (default: all), and PyTorch where it is installed. */
export function laneSpecs(names?: string): LaneSpec[] {
  const all = [node(OURS, 'wgrad'), node('tfjs', 'tfjs'), node('jax-js', 'jax'), node('ort', 'ort'), ...torchLanes()];
  if (names === undefined) return all;
  const wanted = names.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !all.some((lane) => lane.name === name));
  if (unknown !== undefined) {
    throw new DataError(`--lanes ${unknown}: expected some of ${all.map(({ name }) => name).join(', ')}`);
  }
  return all.filter(({ name }) => name === OURS || wanted.includes(name));
}

function node(name: string, file: string): LaneSpec {
  const args = ['--expose-gc', '--import', import.meta.resolve('tsx'), join(here, `libraries/${file}.ts`)];
  return { name, command: process.execPath, args };
}

function torchLanes(): LaneSpec[] {
  const probe = 'import numpy, torch; print(torch.cuda.is_available())';
  for (const python of PYTHONS.filter((p) => !p.startsWith('/') || existsSync(p))) {
    const { status, stdout } = spawnSync(python, ['-c', probe], { encoding: 'utf8' });
    if (status !== 0) continue;
    const lane = (name: string, args: string[], tf32 = false): LaneSpec => ({
      ...{ name, command: python, args: [join(here, 'libraries/torchLane.py'), ...args], forScale: true, tf32 },
    });
    return stdout.trim() === 'True'
      ? [lane('torch CUDA', ['cuda']), lane('torch TF32', ['cuda', 'tf32'], true)]
      : [lane('torch CPU', ['cpu'])];
  }
  return [];
}
