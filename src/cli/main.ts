#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { DataError, DeviceError, GradcheckError, ShapeError } from '../errors.js';
import { compare } from './compare.js';
import { expandConfig, takesConfig } from './configFile.js';
import { convert } from './convert.js';
import { doctor } from './doctor.js';
import { evaluate } from './evaluate.js';
import { exportOnnx } from './export.js';
import { gradcheck } from './gradcheck.js';
import { inspect } from './inspect.js';
import { predict } from './predict.js';
import { start } from './start.js';
import { tune } from './tune.js';
import { wgsl } from './wgsl.js';

/** The exit code of a mistake in what the user gave; 1 is left for a command whose answer is no. */
const USER_ERROR = 2;

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const program = new Command('wgrad')
  .description('Automatic differentiation on WebGPU, and pose regression with residual log-likelihood estimation')
  .version(version)
  .exitOverride()
  .showSuggestionAfterError();

for (const register of [start, compare, evaluate, predict, convert, inspect, exportOnnx, doctor, gradcheck, wgsl, tune])
  register(program);
for (const command of program.commands) takesConfig(command);

try {
  await program.parseAsync(await expandConfig(program, process.argv));
} catch (error) {
  const expected = [DataError, DeviceError, GradcheckError, ShapeError].some((kind) => error instanceof kind);
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USER_ERROR;
  } else if (expected) {
    process.stderr.write(`wgrad: ${(error as Error).message}\n`);
    process.exitCode = USER_ERROR;
  } else {
    throw error;
  }
}
