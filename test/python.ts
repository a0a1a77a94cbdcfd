import { execFileSync, spawnSync } from 'node:child_process';

/** A Python with PyTorch and torchvision, wherever this machine has one: `WGRAD_PYTHON` first, then those that are usually there. */
export const torchPython: string | undefined = [process.env.WGRAD_PYTHON, 'python3', '/usr/bin/python3', 'python']
  .filter((command) => command !== undefined)
  .find((command) => spawnSync(command, ['-c', 'import torch, torchvision']).status === 0);

/** Runs a script with PyTorch and returns what it prints; only where `torchPython` is there. */
export function runTorch(script: string, ...args: string[]): string {
  return execFileSync(torchPython as string, [script, ...args], { encoding: 'utf8' });
}
