import type { Command } from 'commander';
import { BACKBONES } from '../nn/backbone.js';
import { RECIPES } from '../pose/augmentation/recipes.js';
import { HEADS, LOSS_NAMES, SCHEDULES, type TrainFlags } from '../pose/train/config.js';

/** The options as typed. */
export interface StartFlags extends TrainFlags {
  readonly backend: string;
  readonly init?: string;
  readonly resume?: string | true;
  readonly out?: string;
  readonly workers?: string;
  readonly eager?: boolean;
}

/** `wgrad start`: trains a pose network, on generated figures unless `--data` names a folder, and writes a report. */
export function start(program: Command): void {
  program
    .command('start')
    .alias('train')
    .description('train a pose network and write a report; without --data on generated figures')
    .option(
      '--data <folder>',
      'a data set in the form of LSP, COCO, MPII or Human3.6M, or pictures with boxes; several: A,B',
    )
    .option('--loss <name>', LOSS_NAMES.join(', '))
    .option('--model <name>', BACKBONES.join(', '))
    .option('--head <name>', `where coordinates come from: ${HEADS.join(', ')}`)
    .option('--epochs <n>', 'passes over the training images')
    .option('--batch <n>', 'images per step')
    .option('--accumulate <n>', 'parts of a batch that go through the network one by one, to save memory')
    .option('--width <n>', 'channels of the first stage of a ResNet')
    .option('--size <pixels>', "side of the network's input")
    .option('--lr <rate>', 'learning rate of Adam')
    .option('--ema <share>', 'evaluate and save an average of the weights, which keeps this share at each step')
    .option('--schedule <name>', `how it falls: ${SCHEDULES.join(', ')}`)
    .option('--augment <recipe>', `how training images vary: ${RECIPES.join(', ')}`)
    .option('--rotation <degrees>', 'how far training images are turned at most')
    .option('--scaling <share>', 'by how much the crops of training vary in size')
    .option('--colour <share>', 'by how much the brightness of each colour varies in training')
    .option('--seed <n>', 'weights, order and augmentation')
    .option('--figures <n>', 'generated images to train on')
    .option(
      '--init <file>',
      'weights to start from, safetensors or .pth: a run, or a ResNet as torchvision, mmpose or RLE name it',
    )
    .option('--resume [file]', 'continue a run: a checkpoint, by default the one saved last')
    .option('--out <folder>', 'where checkpoints, log and report go; by default a new folder in out/')
    .option('--workers <n>', 'threads that decode and crop ahead; 0 = none; by default one less than cores, at most 8')
    .option('--eager', 'call every op at every step, instead of replaying a recorded step; the numbers are the same')
    .option('--backend <name>', 'webgpu, tuned (webgpu with the choices of `wgrad tune`), cpu or auto', 'auto')
    .action(async (flags: StartFlags) => {
      // Charts and image codecs are slow to load: only who trains waits for them.
      const { trainCommand } = await import('./trainCommand.js');
      await trainCommand(flags);
    });
}
