import { Command } from 'commander';
import { beforeEach, describe, expect, test } from 'vitest';
import { DataError } from 'wgrad';
import { expandConfig, takesConfig } from '../../src/cli/configFile.js';
import { jsonFolder } from '../metrics/cocoFiles.js';

const write = jsonFolder();

let program: Command;
let seen: Record<string, unknown>;
beforeEach(() => {
  program = new Command('wgrad-pose').exitOverride().configureOutput({ writeErr: () => undefined });
  program
    .command('start')
    .alias('train')
    .argument('[what...]')
    .requiredOption('--lr <rate>', '')
    .option('--data <folder>', '')
    .option('--flip-test', '')
    .option('--resume [file]', '')
    .action((what: string[], options: object) => {
      seen = { ...options, what };
    });
  for (const command of program.commands) takesConfig(command);
});

/** The options that the action of `wgrad-pose train ...` gets. */
async function optionsOf(...typed: string[]): Promise<Record<string, unknown>> {
  await program.parseAsync(await expandConfig(program, ['node', 'wgrad', 'train', ...typed]));
  return seen;
}

describe('--config', () => {
  test('gives the options of the file, also those that must be given', async () => {
    const file = write('run.json', { lr: 1e-3, data: '-odd name', resume: true, 'flip-test': true });
    expect(await optionsOf('--config', file, 'a')).toEqual({
      ...{ lr: '0.001', data: '-odd name', flipTest: true, resume: true },
      what: ['a'],
    });
  });

  test('goes behind what is typed, wherever that stands, and a later file before an earlier one', async () => {
    const [first, second] = [write('a.json', { lr: 1, data: 'a' }), write('b.json', { data: 'b', resume: 'c' })];
    expect(await optionsOf('--lr', '2', `--config=${first}`, '--config', second)).toEqual({
      ...{ lr: '2', data: 'b', resume: 'c', what: [] },
    });
  });

  test('null and false leave an option out; names may be as in JavaScript', async () => {
    const file = write('run.json', { lr: '5', data: null, flipTest: false });
    expect(await optionsOf('--config', file)).toEqual({ lr: '5', what: [] });
  });

  test('a list is what is typed with commas', async () => {
    const file = write('run.json', { lr: [170, 200], data: ['A', 'B'] });
    expect(await optionsOf('--config', file)).toEqual({ lr: '170,200', data: 'A,B', what: [] });
  });

  test.each([
    [{ epochs: 3 }, /run\.json: epochs: wgrad-pose train has no such option; it has lr, data, flip-test, resume$/],
    [{ config: 'x.json' }, /run\.json: config: wgrad-pose train has no such option/],
    [{ __proto__x: 1 }, /no such option/],
    [{ lr: true }, /run\.json: lr: expected a number, a text or a list of them, got true$/],
    [{ lr: [1, [2]] }, /run\.json: lr: expected a number, a text or a list of them, got \[1,\[2\]\]$/],
    [{ lr: [] }, /run\.json: lr: expected a number, a text or a list of them, got \[\]$/],
    [{ 'flip-test': 'yes' }, /run\.json: flip-test: expected true or false, got "yes"$/],
    [[{ lr: 1 }], /run\.json: expected an object of options/],
    ['{"lr": 1', /run\.json: not JSON/],
  ])('refuses %j by name', async (content, message) => {
    const failure = optionsOf('--config', write('run.json', content));
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toBeInstanceOf(DataError);
  });

  test('a file that is not there, and no file, are refused', async () => {
    await expect(optionsOf('--config', 'nowhere.json')).rejects.toThrow(/cannot read nowhere.json/);
    await expect(optionsOf('--lr', '1', '--config')).rejects.toThrow(/argument missing/);
  });

  test('what is no command stays as it is', async () => {
    expect(await expandConfig(program, ['node', 'wgrad', '--version'])).toEqual(['node', 'wgrad', '--version']);
  });
});
