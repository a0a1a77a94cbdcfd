import type { Command } from 'commander';
import { RECIPES } from '../augmentation/recipes.js';
import { BACKBONES } from '../backbones/backbone.js';
import { PRECISIONS, STEMS, type TrainConfig } from '../train/config.js';
import { SCHEDULES } from '../train/learningRate.js';
import { DEFAULTS } from '../train/makeConfig.js';
import { settingText } from '../train/options.js';
import { flagOf } from '../train/settings.js';

/** The options of everything that trains: data, network, budget, machine. */
export function trainingOptions(command: Command): Command {
  command
    .option(
      '--data <folder>',
      'a data set of a form that is known (COCO, LSP, MPII, YOLO, labelme, boxes.json, ...); several: A,B',
    )
    .option('--train <files>', 'instead, the annotations that train: A,B; alone, some of their pictures test')
    .option('--test <files>', 'the annotations that test')
    .option('--images <folder>', 'where the pictures are, if not with the data set or with the first file')
    .option('--orientation <name>', 'how pictures are read whose size does not tell it: upright or stored')
    .option('--max-pixels <n>', 'the most pixels of a picture that is decoded; by default 100 million')
    .option('--skip-broken <n>', 'go on without as many pictures that cannot be read; by default none')
    .option('--joints <schema>', 'what its joints are, if it does not say so: a schema by name, or a file of one')
    .option('--sigmas <sigmas>', 'their OKS sigmas, if it has none: 0.05 for all, or a file')
    .option('--figures <n>', 'generated images to train on, without --data; stream: 4000 new ones in every epoch')
    .option('--model <name>', BACKBONES.join(', '))
    .option('--width <n>', 'channels of the first stage of a ResNet')
    .option('--stem <kernel>', `first kernel of a ResNet: ${STEMS.join(', ')} (as published)`)
    .option(
      '--init <file>',
      'weights to start from, and their network: .safetensors or .pth, a run or as torchvision, mmpose, ... name it',
    )
    .option('--size <pixels>', "height of the network's input")
    .option('--aspect <share>', 'its width by its height: 1 by default, 0.75 in the public codes for COCO')
    .option('--epochs <n>', 'passes over the training images')
    .option('--batch <n>', 'images per step')
    .option('--accumulate <n>', 'parts of a batch that go through the network one by one, to save memory')
    .option('--precision <name>', `what a step counts in: ${PRECISIONS.join(', ')} (float16 and float32)`)
    .option('--lr <rate>', 'learning rate of Adam')
    .option('--ema <share>', 'evaluate and save an average of the weights, which keeps this share at each step')
    .option('--schedule <name>', `how the learning rate falls: ${SCHEDULES.join(', ')}`)
    .option('--milestones <epochs>', 'numbers of epochs after which it falls to a tenth, such as 170,200')
    .option('--warmup <steps>', 'steps in which it rises evenly from a thousandth')
    .option('--clip <norm>', 'global norm that gradients are scaled down to where it is larger')
    .option('--joint-weights <weights>', 'what the loss of each joint is multiplied by: equal, schema, or a list')
    .option('--augment <recipe>', `how training images vary: ${RECIPES.join(', ')}`)
    .option('--rotation <degrees>', 'how far training images are turned at most')
    .option('--scaling <share>', 'by how much the crops of training vary in size')
    .option('--colour <share>', 'by how much the brightness of each colour varies in training')
    .option('--workers <n>', 'threads that decode and crop ahead; 0 = none; by default one less than cores, at most 8')
    .option('--eager', 'call every op at every step, instead of replaying a recorded step; the numbers are the same')
    .option('--backend <name>', 'webgpu, tuned (webgpu with the choices of `wgrad tune`), cpu or auto', 'auto');
  return command.addHelpText('after', () => defaultsText(command.options.map((option) => option.attributeName())));
}

/** What the options of these names are where they are left out; those without a value say it themselves. */
function defaultsText(names: readonly string[]): string {
  const { data, figures, figuresOnCpu } = DEFAULTS;
  const settings = (config: TrainConfig, isShown: (key: keyof TrainConfig) => boolean) =>
    (Object.keys(config) as (keyof TrainConfig)[])
      .filter((key) => names.includes(key) && isShown(key))
      .map((key) => `${flagOf(key)} ${settingText(config[key])}`)
      .join(' ');
  return `
By default, with --data: ${settings(data, (key) => data[key] !== null && key !== 'figures' && key !== 'dims')}
without --data, other than that: ${settings(figures, (key) => figures[key] !== data[key])}
without --data on the CPU, other than that: ${settings(figuresOnCpu, (key) => figuresOnCpu[key] !== figures[key])}
--rotation, --scaling and --colour follow --augment.`;
}
