import { type Command, Option } from 'commander';
import { DataError } from 'wgrad';
import { HEADS, LOG_S, LOSS_NAMES, Q_NAMES } from '../train/config.js';
import type { StartFlags } from './trainCommand.js';
import { trainingOptions } from './trainingOptions.js';

/** `wgrad-pose start`: trains a pose network, on generated figures unless `--data` names a folder, and writes a report. */
export function start(program: Command): void {
  const command = program
    .command('start')
    .alias('train')
    .description('train a pose network and write a report; without --data on generated figures')
    .option('--loss <name>', LOSS_NAMES.join(', '))
    .option('--head <name>', `where coordinates come from: ${HEADS.join(', ')}`)
    .option(
      '--dims <n>',
      'coordinates of a joint: 3 with depths (by default for Human3.6M, unless it is about heatmaps; MPII may follow it), or 2',
    )
    .option('--q <density>', `what RLE's flow corrects: ${Q_NAMES.join(', ')} (of 4 degrees of freedom)`)
    .option('--log-s <method>', `whether RLE counts log s, and how it is estimated: ${LOG_S.join(', ')}`)
    .option('--seed <n>', 'weights, order and augmentation')
    .option('--resume [file]', 'continue a run: its folder or a checkpoint, by default the one saved last')
    .option('--out <folder>', 'where checkpoints, log and report go; by default a new folder in out/')
    .option('--checkpoint', 'compute the blocks of a ResNet again instead of keeping them: slower, for less memory')
    .option(
      '--distributed',
      'share the run with the other ranks that mpirun or srun has started, each with its own batch',
    )
    .option('--sync-batch-norm', 'with --distributed: batch norms see the images of all ranks')
    .addOption(
      new Option('--wire <dtype>', 'with --distributed: float16 halves the bytes of the gradients').choices([
        'float32',
        'float16',
      ]),
    )
    .option('--json', 'print scores, files and epochs as one JSON object and nothing else');
  trainingOptions(command)
    .allowExcessArguments()
    .action(async (flags: StartFlags, { args }: Command) => {
      if (args.length > 0)
        throw new DataError(`train: takes no operand, got '${args[0]}'; --data names a folder of pictures`);
      // Charts and image codecs load slowly, so only this command loads them.
      const { trainCommand } = await import('./trainCommand.js');
      await trainCommand(flags);
    });
}
