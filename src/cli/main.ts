#!/usr/bin/env node
import { createRequire } from 'node:module';
import { DataError, DeviceError, GradcheckError, ShapeError } from '../errors.js';
import { aligned, type Command, helpOf, parse } from './command.js';
import { doctor } from './doctor.js';
import { gradcheck } from './gradcheck.js';
import { tune } from './tune.js';
import { wgsl } from './wgsl.js';

/** The exit code of a mistake of the user; a command whose answer is no exits with 1. */
const USER_ERROR = 2;

/** Commands of the package `wgrad-pose`, to tell those who look for them here where they are. */
const POSE_COMMANDS = ['start', 'train', 'compare', 'predict', 'evaluate', 'inspect', 'convert', 'export'];

const COMMANDS: readonly Command[] = [doctor, gradcheck, wgsl, tune];

function help(): string {
  const rows = COMMANDS.map(({ name, operands, says }) => [[name, operands].filter(Boolean).join(' '), says]);
  return ['usage: wgrad <command> [options]', '', ...aligned(rows), '', '  --version  print the version'].join('\n');
}

/** Runs a command line and returns the exit code. */
async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === 'help' && args.length > 0) return main([args[0], '--help']);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(help());
    return name === undefined ? USER_ERROR : 0;
  }
  if (name === '--version' || name === '-V') {
    console.log((createRequire(import.meta.url)('../../package.json') as { version: string }).version);
    return 0;
  }
  const command = COMMANDS.find((known) => known.name === name);
  if (!command) {
    const where = POSE_COMMANDS.includes(name) ? `it is a command of wgrad-pose: npx wgrad-pose ${name}` : undefined;
    throw new DataError(`'${name}' is no command; ${where ?? `there are ${COMMANDS.map((c) => c.name).join(', ')}`}`);
  }
  const { operands, options } = parse(command, args);
  if (options.help) {
    console.log(helpOf(command));
    return 0;
  }
  return command.run(operands, options);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (![DataError, DeviceError, GradcheckError, ShapeError].some((kind) => error instanceof kind)) throw error;
  process.stderr.write(`wgrad: ${(error as Error).message}\n`);
  process.exitCode = USER_ERROR;
}
