import { Command } from 'commander';
import { expect, test } from 'vitest';
import { start } from '../../src/cli/start.js';
import type { TrainFlags } from '../../src/train/config.js';
import { makeConfig } from '../../src/train/makeConfig.js';

test.each([
  ['By default, with --data', { data: 'folder' }, 'webgpu'],
  ['without --data, other than that', {}, 'webgpu'],
  ['without --data on the CPU, other than that', {}, 'cpu'],
] as const)('the help of train: "%s" lists what makeConfig takes', (title, given, backend) => {
  let help = '';
  const program = new Command('wgrad-pose').exitOverride().configureOutput({ writeOut: (text) => (help += text) });
  start(program);
  expect(() => program.parse(['node', 'wgrad-pose', 'train', '--help'])).toThrow();
  const [, line] = new RegExp(`^${title}: (.*)$`, 'm').exec(help) ?? [];
  const listed = [...line.matchAll(/--([a-z-]+) (\S+)/g)].map(([, name, value]) => [
    name.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase()),
    value,
  ]);
  expect(listed.length).toBeGreaterThan(4);
  const config = makeConfig(given, backend);
  for (const [key, value] of listed) expect(String(config[key as keyof TrainFlags])).toBe(value);
});
