import type { Command } from 'commander';
import { DataError } from 'wgrad';
import { counted, formatSafetensors, printable } from 'wgrad/io';
import { checkWritable, writeFileAtomic } from 'wgrad/io/node';
import { NAMINGS } from '../checkpoints/namings.js';
import { type PoseCheckpoint, poseCheckpointOf } from '../checkpoints/poseCheckpoint.js';
import { namedTensors } from '../checkpoints/wrappers.js';
import type { WeightsFile } from '../formats/weightsFile.js';
import { readWeightsFile, writePoseCheckpoint } from '../node/weightsFiles.js';
import { isPlaceOpen } from '../train/losses.js';
import { checkpointFile } from './checkpointFile.js';
import { spareInputs } from './spareInputs.js';

interface Options {
  readonly names?: string;
  readonly part?: string;
  readonly json?: boolean;
}

/** `wgrad-pose convert IN OUT`: writes any weights as safetensors, in the names of any code that wgrad knows. */
export function convert(program: Command): void {
  program
    .command('convert')
    .argument('<in>', 'safetensors, a .pth or .pt of PyTorch, of which nothing is run, or the folder of a run')
    .argument('<out>', 'safetensors to write')
    .description('write weights as safetensors, in the names of another code if asked')
    .option('--names <code>', `${NAMINGS.map(({ name }) => name).join(', ')}; by default those of the file`)
    .option('--part <key>', "dict of the file to read, such as ema_state_dict; by default the model's")
    .option('--json', 'print what was written as JSON')
    .action(async (input: string, output: string, { names, part, json }: Options) => {
      if (!output.endsWith('.safetensors')) {
        throw new DataError(`convert writes safetensors: ${output} should end with .safetensors`);
      }
      const path = await checkpointFile(input);
      await checkWritable(output);
      await spareInputs(output, [path]);
      const file = await readWeightsFile(path, part);
      const widened = [...file.tensors.values()].some(({ widenedFrom }) => widenedFrom !== undefined);
      const notes = widened ? ['half floats are written as float32, with the same values'] : [];
      const checkpoint = names === undefined ? knownNetwork(file, path, notes) : poseCheckpointOf(file, path);
      if (!checkpoint) {
        await writeFileAtomic(output, formatSafetensors(file.tensors, { format: 'pt' }, { checksum: true }));
        report({ file: output, names: null, tensors: file.tensors.size, dropped: [], notes }, json);
        return;
      }
      const { written, dropped } = await writePoseCheckpoint(output, checkpoint, names);
      const now = names ?? checkpoint.naming;
      notes.push(...remarks(checkpoint, now, dropped), ...remarksOnFlow(checkpoint.naming, now, file.tensors.keys()));
      report({ file: output, names: now, tensors: written.length, dropped, notes }, json);
    });
}

/** The pose network in a file, or undefined and a note where wgrad knows none: names then stay as they are. */
function knownNetwork(file: WeightsFile, path: string, notes: string[]): PoseCheckpoint | undefined {
  try {
    const found = poseCheckpointOf(file, path);
    if (found.naming !== 'ultralytics') return found;
    notes.push('the names are as they were; --names official writes the flow alone, the part that wgrad knows');
    return undefined;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    notes.push('no known pose network: the names are as they were');
    if (namedTensors(file.tensors).naming) notes.push(error.message);
    return undefined;
  }
}

/** What users should know before they give the file to the code whose names it now has. */
function remarks(
  { conventions, architecture, loss }: PoseCheckpoint,
  names: string,
  dropped: readonly string[],
): string[] {
  const lines: string[] = [];
  if (dropped.length > 0) {
    const more = dropped.length > SHOWN ? ', ...' : '';
    lines.push(`left out, since ${names} has no name for it: ${dropped.slice(0, SHOWN).join(', ')}${more}`);
  }
  const expects = { official: true, mmpose: false }[names];
  if (architecture.head === 'rle' && expects !== undefined && expects !== conventions.normalise) {
    lines.push(
      `the head ${conventions.normalise ? 'normalises' : 'does not normalise'} its features, other than the ${names} ` +
        "code's: only wgrad, which reads this from the file, computes the same with it",
    );
  }
  if (loss && isPlaceOpen(loss)) {
    lines.push(
      `the loss ${loss.loss}${loss.logS === 'none' ? '' : ' with log s'} leaves open where mu is: poses are at the mean of the density, ` +
        'which wgrad finds, since it reads the loss from the file; other codes read mu',
    );
  }
  const { maps } = conventions;
  if (maps?.decode === 'mean' && names !== 'mmpose') {
    lines.push(
      `coordinates are the means of the heatmaps, which the ${names} code reads by their peaks: only wgrad, which takes ` +
        'this from the file, computes the same with it',
    );
  }
  return lines;
}

/** What is special about the flow of YOLO26-pose, of which nothing else is converted. */
function remarksOnFlow(from: string, to: string, names: Iterable<string>): string[] {
  if ((from === 'ultralytics') === (to === 'ultralytics')) return [];
  const others = [...names].filter((name) => !name.includes('flow_model.')).length;
  return from === 'ultralytics'
    ? [
        `left out: ${counted(others, 'tensor')} of the network, of which wgrad knows the flow alone`,
        "the flow's networks have SiLU: realNvp({ dims: 2, activation: 'silu' }) computes the same with it",
      ]
    : ["the flow's networks have leaky ReLUs, where YOLO26-pose computes with SiLU, which gives another density"];
}

const SHOWN = 3;

/** The result of a conversion; `names` is null where wgrad knows no network with such names. */
interface Conversion {
  readonly file: string;
  readonly names: string | null;
  /** The number of tensors that were written. */
  readonly tensors: number;
  readonly dropped: readonly string[];
  readonly notes: readonly string[];
}

function report(conversion: Conversion, json?: boolean): void {
  const { file, tensors, notes } = conversion;
  for (const note of notes) process.stderr.write(`note: ${printable(note)}\n`);
  console.log(json ? JSON.stringify(conversion, null, 2) : `${file}: ${counted(tensors, 'tensor')}`);
}
