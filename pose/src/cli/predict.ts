import type { Command } from 'commander';
import type { PredictFlags } from './predictOptions.js';

const HELP = `
Results: a list of {image_id, file_name, annotation_id?, category_id, keypoints: [x, y, score, ...], score, bbox}, as wgrad-pose
evaluate and COCO's tools read it, on stdout or in --out. Networks with a sigma add where each joint's label is expected, by the
density that their loss has learned: mean: [x, y, ...] and covariance: [xx, xy, yy, ...], in pixels and their squares; COCO's tools
skip both.
Scores only rank: a joint's is 1 minus the mean of its sigmas, a person's the box's (0 where it has none) plus the mean and the greatest of
its joints', as in the public codes, so it may exceed 1; with heatmaps the height of the peak, and box times the mean of those above 0.2.
Networks in 3-D add keypoints_3d: [x, y, z, ...], x and y in pixels and z in millimetres behind joint 0 (the pelvis), and with a sigma
mean_3d and covariance_3d: [xx, xy, xz, yy, yz, zz, ...] of the same; --metric mpjpe of wgrad-pose evaluate reads them.

Ellipses: one standard deviation of that, about its mean, which holds 39 % of a normal density and more of one with tails; with
--level 0.9 the ellipse of the same shape that holds 90 % of the predicted density. The overlay's caption says which.

Boxes: annotations in any form that wgrad-pose train reads, or a list of detections [{image_id or file_name, bbox, score?,
category_id?}, ...]; without them a person fills the whole image. Images are matched by their paths, as far as both sides tell them, or by
the number that their name is. Where categories have names, people are those of person; where several have none, --category must say. An
image that cannot be read is reported and left out; the exit code is then 1. Ctrl-C writes the results of the images so far and says how
many are missing; the exit code is then 130.`;

/** `wgrad-pose predict IMAGE... | DIR`: the poses of the people in images, as COCO results and as overlays. */
export function predict(program: Command): void {
  program
    .command('predict')
    .argument('<images...>', 'images, or folders of them')
    .description('estimate the poses of people in images')
    .option('--run <folder>', 'a run of wgrad-pose train, whose best checkpoint is used')
    .option('--weights <file>', 'weights instead of a run: safetensors, or a .pth or .pt of PyTorch')
    .option('--part <key>', "dict of the file to read, such as ema_state_dict; by default the model's")
    .option('--boxes <file>', 'where the people are: annotations in any form that train reads, or detections')
    .option('--category <name>', 'whose boxes count: a name or an id, or all; by default person')
    .option('--min-score <score>', 'boxes of a lower score are left out')
    .option('--image-list <file>', "a COCO file whose images tell the names of the boxes' image ids")
    .option('--orientation <name>', 'how images are read whose size in --boxes does not tell it: upright or stored')
    .option('--out <file>', 'write the results there instead of to stdout')
    .option('--overlays <folder>', 'draw poses over images, with ellipses of where the joints may be')
    .option('--level <share>', 'how much of the predicted density an ellipse holds; by default one standard deviation')
    .option('--flip-test', 'average with the prediction for the mirror image')
    .option('--nms <kind>', 'of poses of one image that are alike, drop the worse (hard) or lower their scores (soft)')
    .option('--nms-threshold <oks>', 'how alike: by default 0.9, as in the public codes')
    .option(
      '--joints <schema>',
      'what the joints are, if the weights do not say so: a schema by name, or a file of one',
    )
    .option('--sigmas <sigmas>', 'OKS sigmas of joints that have none, for --nms: 0.05 for all, or a file')
    .option('--batch <n>', 'people that go through the network at a time', '16')
    .option('--max-pixels <n>', 'the most pixels of a picture that is decoded; by default 100 million')
    .option('--backend <name>', 'webgpu, tuned, cpu or auto', 'auto')
    .addHelpText('after', HELP)
    .action(async (images: string[], flags: PredictFlags) => {
      // Image codecs load slowly, so only this command loads them.
      const { predictCommand } = await import('./predictCommand.js');
      await predictCommand(images, flags);
    });
}
