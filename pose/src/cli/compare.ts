import type { Command } from 'commander';
import { ROW_NAMES, rowOf } from '../node/compare/rows.js';
import type { CompareFlags } from './compareCommand.js';
import { trainingOptions } from './trainingOptions.js';

const HELP = `
Rows:
${ROW_NAMES.map((name) => `  ${name.padEnd(13)} ${rowOf(name).about}`).join('\n')}

Each row is trained with each seed in <out>/<row>-<seed>, as wgrad-pose train would; seeds come one after the other. Ctrl-C saves,
and the same command goes on: what is finished is not run again. The table goes to stdout, a report to <out>/report.html.`;

/** `wgrad-pose compare`: trains methods with the same budget and sets them side by side. */
export function compare(program: Command): void {
  const command = program
    .command('compare')
    .description('train several methods with the same network and budget, and set them side by side')
    .option('--rows <names>', 'methods to compare, separated by commas; by default all')
    .option('--seeds <n>', 'runs of each: how many (seeds 1 to n), or a list such as 4,5; by default 3')
    .option('--out <folder>', 'where runs, compare.json and the report go; by default out/compare-<data set>')
    .option('--json', 'print the comparison as one JSON object and nothing else');
  trainingOptions(command)
    .addHelpText('after', HELP)
    .action(async (flags: CompareFlags) => {
      const { compareCommand } = await import('./compareCommand.js');
      await compareCommand(flags);
    });
}
