#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { compare } from './compare.js';
import { expandConfig, takesConfig } from './configFile.js';
import { convert } from './convert.js';
import { evaluate } from './evaluate.js';
import { exportOnnx } from './export.js';
import { isExpected, USER_ERROR } from './failRank.js';
import { inspect } from './inspect.js';
import { endAtOnce, INTERRUPTED, PATIENCE } from './interrupt.js';
import { predict } from './predict.js';
import { start } from './start.js';
import { version } from './version.js';

const program = new Command('wgrad-pose')
  .description('Human pose regression with residual log-likelihood estimation, on wgrad')
  .version(version)
  .exitOverride()
  .showSuggestionAfterError();

for (const register of [start, compare, evaluate, predict, convert, inspect, exportOnnx]) register(program);
for (const command of program.commands) takesConfig(command);

// Whoever reads the output may stop before its end, as head does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync(await expandConfig(program, process.argv));
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USER_ERROR;
  } else if (isExpected(error)) {
    process.stderr.write(`wgrad-pose: ${error.message}\n`);
    process.exitCode = USER_ERROR;
  } else {
    throw error;
  }
}

// A read from a disk that does not answer does not keep a command that was stopped.
if (process.exitCode === INTERRUPTED) setTimeout(endAtOnce, PATIENCE).unref();
