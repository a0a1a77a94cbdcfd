import { Command, CommanderError } from 'commander';
import { LOSS_NAMES } from '../pose/src/train/config.js';
import { DataError, DeviceError } from '../src/errors.js';
import { checkWritable } from '../src/io/node/atomicFile.js';
import { checkFolder } from '../src/io/node/makeFolder.js';
import { MODELS } from './trainingStep.js';

/** A command whose mistakes `runCommand` reports; subcommands made from it inherit that. */
export function newCommand(name: string): Command {
  return new Command(name).exitOverride().showSuggestionAfterError();
}

/** Options that say which training step is meant, under the names that `wgrad-pose start` has. */
export function addWorkloadOptions(command: Command): Command {
  return command
    .option('--model <name>', Object.keys(MODELS).join(', '))
    .option('--loss <name>', LOSS_NAMES.join(', '))
    .option('--batch <n>', 'images per step')
    .option('--width <n>', 'channels of the first stage')
    .option('--size <pixels>', "side of the network's input");
}

/** @throws DataError naming the option, for anything but a whole number above 0 */
export function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new DataError(`${option} ${text}: expected a whole number above 0`);
  return Number(text);
}

/** Options that name what is written: files, and a folder. */
const [FILES, FOLDER] = [['json', 'svg', 'trace', 'readme'], 'out'] as const;

/** @throws DataError, before anything is measured, where a result could not be written */
async function checkOutputs(options: Readonly<Record<string, unknown>>): Promise<void> {
  for (const name of FILES) {
    const file = options[name];
    // A star stands for several names.
    if (typeof file === 'string') await checkWritable(file.replace('*', ''));
  }
  const folder = options[FOLDER];
  if (typeof folder === 'string') await checkFolder(folder);
}

/** Parses the command line and runs what it asks for; a user's mistake is one line on stderr and the exit code 2. */
export async function runCommand(command: Command): Promise<void> {
  command.hook('preAction', (_, chosen) => checkOutputs(chosen.opts()));
  try {
    await command.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else if (error instanceof DataError || error instanceof DeviceError) {
      process.stderr.write(`${command.name()}: ${error.message}\n`);
      process.exitCode = 2;
    } else throw error;
  }
}
