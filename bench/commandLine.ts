import { Command, CommanderError } from 'commander';
import { LOSS_NAMES } from '../pose/src/train/config.js';
import { DataError, DeviceError } from '../src/errors.js';
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

/** Parses the command line and runs what it asks for; a user's mistake is one line on stderr and the exit code 2. */
export async function runCommand(command: Command): Promise<void> {
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
