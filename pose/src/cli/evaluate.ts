import { type Command, Option } from 'commander';
import { DataError } from 'wgrad';
import { formatTable } from 'wgrad/testing';
import { askedJoints } from '../node/askedJoints.js';
import { readPoseCheckpoint } from '../node/weightsFiles.js';
import { jointsOf } from '../predict/jointsOf.js';
import type { AskedJoints } from '../schemas/askedJoints.js';
import { decimal } from '../train/settings.js';
import { checkpointFile } from './checkpointFile.js';
import { METRICS, type MetricFlags, type MetricOption, type Scores } from './metricTable.js';

interface EvaluateFlags extends Omit<MetricFlags, 'asked'> {
  readonly run?: string;
  readonly joints?: string;
  readonly sigmas?: string;
  readonly metric: string;
  readonly json?: boolean;
}

const HELP = `
Metrics:
${Object.entries(METRICS)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join('\n')}

Files: annotations in any form that wgrad-pose train reads, and COCO's results. Metrics other than coco take the result whose annotation_id is the
person's, or the best one where an image has one person. pckh needs "head_box": [x, y, width, height] in the annotations, or MPII's
own .mat as the annotations, of which it scores the pictures that have results; with --boxes and that .mat wgrad-pose predict says which
person each is.
calibration wants "covariance": [xx, xy, yy, ...] in the results, as wgrad-pose predict writes it; sharpness and AURC are in units of the
longer side of each person's box. The three mpjpe take JSON lists [N, K, 3] of millimetres; null is a joint without label. Or
Human3.6M's annotations and results with keypoints_3d, as wgrad-pose predict writes them: x and y go back into space by the label's
camera, z by the depth of the label's root, both poses count from joint 0, and the thorax does not count, as in the official code.`;

/** `wgrad-pose evaluate`: scores a file of predictions against a file of annotations; the figures go to stdout. */
export function evaluate(program: Command): void {
  program
    .command('evaluate')
    .description('score a file of predicted poses against annotations')
    .addOption(new Option('--metric <name>', 'what to compute').choices(Object.keys(METRICS)).makeOptionMandatory())
    .requiredOption('--annotations <file>', 'the labels')
    .requiredOption('--results <file>', 'the predictions')
    .option('--json', 'print the figures as one JSON object and nothing else')
    .option('--threshold <share>', 'pck, pckh: how far off a right joint may be')
    .option('--norm <length>', 'pck, nme: torso, box (longer side) or head')
    .option('--run <folder>', 'the run that predicted, which knows what the joints are')
    .option('--joints <schema>', 'what the joints are, if the labels do not say so: a schema by name, or a file of one')
    .option('--sigmas <sigmas>', 'coco: OKS sigmas of joints that have none: 0.05 for all, or a file')
    .option('--area <source>', 'coco: the area of a person, from its annotation (default) or 0.53 of its box')
    .option('--variant <name>', 'coco: pycocotools, which loses annotations of id 0; pa-mpjpe, n-mpjpe: mmpose')
    .addHelpText('after', HELP)
    .action(async (flags: EvaluateFlags) => {
      const metric = METRICS[flags.metric];
      for (const option of ['threshold', 'norm', 'area', 'variant', 'run', 'joints', 'sigmas'] as const)
        checkOption(flags, option);
      const scores = await metric.score({ ...flags, asked: await askedOf(flags) });
      const [name, value] = Object.entries(scores)[0];
      if (Number.isNaN(value)) throw new DataError(`${flags.annotations}: no joint of it counts for ${name}`);
      console.log(flags.json ? JSON.stringify(scores) : format(scores));
    });
}

/** What the options say of the joints, which a run knows as well. */
async function askedOf({ run, ...flags }: EvaluateFlags): Promise<AskedJoints> {
  const asked = await askedJoints(flags);
  if (run === undefined) return asked;
  if (asked.schema) throw new DataError('--run and --joints: both say what the joints are; give one of the two');
  const file = await checkpointFile(run);
  return { ...asked, schema: jointsOf(await readPoseCheckpoint(file)), option: `--run ${run}` };
}

function checkOption(flags: EvaluateFlags, option: MetricOption): void {
  const value = flags[option];
  if (value === undefined) return;
  const allowed = METRICS[flags.metric].options[option];
  if (!allowed) throw new DataError(`--${option}: the metric ${flags.metric} has no such option; leave it out`);
  if (allowed === 'text') return;
  if (allowed === 'number') {
    const number = decimal(value);
    if (number > 0 && Number.isFinite(number)) return;
    throw new DataError(`--${option}: expected a number above 0, got '${value}'`);
  }
  if (!allowed.includes(value)) throw new DataError(`--${option}: expected ${allowed.join(' or ')}, got '${value}'`);
}

/** One row per figure; shares and millimetres alike have four decimals. */
export function format(scores: Scores): string {
  const rows = Object.entries(scores).map(([name, value]) => [name, Number.isNaN(value) ? '-' : value.toFixed(4)]);
  return formatTable(['metric', 'value'], rows);
}
