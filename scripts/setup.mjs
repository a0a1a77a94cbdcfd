// Makes a fresh clone ready: dependencies first, then a WebGPU adapter, for tests also Open MPI and Deno. npm's `pre` scripts call it, so `npm start` and
// `npm test` need nothing before them. It uses only Node, and takes a fraction of a second when nothing is missing.
// WGRAD_NO_SETUP=1 turns it off.

import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { findAdapter } from './adapter.mjs';
import { ensureDeno } from './deno.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { canInstall, installMesa, parseOsRelease } from './mesa.mjs';
import { ensureMpi } from './mpi.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What to do for a WebGPU adapter where the set-up cannot install one: a single command where there is one. */
export function advice(platform, { id }, node) {
  const byDistribution = {
    debian: `sudo ${node} scripts/setup.mjs`,
    ubuntu: 'sudo apt-get install mesa-vulkan-drivers (Ubuntu 24.04 or later)',
    fedora: 'sudo dnf install mesa-vulkan-drivers vulkan-loader',
    arch: 'sudo pacman -S vulkan-swrast vulkan-icd-loader',
    'opensuse-tumbleweed': 'sudo zypper install libvulkan_lvp libvulkan1',
  };
  if (platform === 'linux') return byDistribution[id] ?? "install your distribution's Mesa Vulkan drivers, 24 or later";
  if (platform === 'darwin') return 'update macOS: WebGPU needs Metal';
  if (platform === 'win32') return 'update the graphics driver: WebGPU needs Direct3D 12';
  return `${platform} has no WebGPU for Node`;
}

/** Whether to ask first. Without a terminal, or under CI, there is nobody to ask, and the answer is taken to be yes. */
export function mayAsk(env, isTerminal) {
  return isTerminal && !env.CI;
}

async function agreed(question) {
  if (!mayAsk(process.env, Boolean(process.stdin.isTTY && process.stdout.isTTY))) {
    console.log(question);
    return true;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${question} Go on? [Y/n] `);
  terminal.close();
  return !/^n/i.test(answer.trim());
}

async function ensureAdapter() {
  if (findAdapter(root)) return;
  const osRelease = parseOsRelease(existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '');
  if (canInstall()) {
    const plan = 'setup: no WebGPU adapter here; installing a software one (mesa-vulkan-drivers, by apt-get).';
    if (await agreed(plan)) {
      try {
        installMesa(osRelease);
        const adapter = findAdapter(root);
        if (adapter) return console.log(`setup: WebGPU runs on ${adapter.description}`);
        console.log('setup: the driver is installed, yet WebGPU finds no adapter');
      } catch (error) {
        console.log(`setup: the driver could not be installed: ${error.message}`);
      }
    }
    return console.log('setup: going on with the CPU backend (WGRAD_NO_SETUP=1 stops the question)');
  }
  console.log(
    `setup: no WebGPU adapter, going on with the CPU backend. To get one: ${advice(process.platform, osRelease, process.execPath)}`,
  );
}

async function main() {
  if (process.env.WGRAD_NO_SETUP === '1') return;
  try {
    ensureDependencies(root);
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exitCode = 1;
    return;
  }
  if (process.env.WGRAD_BACKEND !== 'cpu') await ensureAdapter();
  if (!['setup', 'pretest'].includes(process.env.npm_lifecycle_event)) return;
  await ensureMpi(agreed);
  await ensureDeno(agreed);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
