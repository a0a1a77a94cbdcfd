import type { Command } from 'commander';
import { DataError } from '../errors.js';
import { writeFileAtomic } from '../io/atomicFile.js';
import { formatSafetensors } from '../io/safetensors.js';
import { readWeightsFile } from '../io/weightsFile.js';
import { NAMINGS, namingOf } from '../pose/checkpoints/naming.js';
import { type PoseCheckpoint, poseCheckpointOf, writePoseCheckpoint } from '../pose/checkpoints/poseCheckpoint.js';

interface Options {
  readonly names?: string;
  readonly part?: string;
}

/** `wgrad convert IN OUT`: any weights as safetensors, in the names of any code that wgrad knows. */
export function convert(program: Command): void {
  program
    .command('convert')
    .argument('<in>', 'safetensors, or a .pth or .pt of PyTorch; nothing of it is run')
    .argument('<out>', 'safetensors to write')
    .description('write weights as safetensors, in the names of another code if asked')
    .option('--names <code>', `${NAMINGS.map(({ name }) => name).join(', ')}; by default those of the file`)
    .option('--part <key>', "dict of the file to read, such as ema_state_dict; by default the model's")
    .action(async (input: string, output: string, { names, part }: Options) => {
      if (!output.endsWith('.safetensors')) {
        throw new DataError(`convert writes safetensors: ${output} should end with .safetensors`);
      }
      const file = await readWeightsFile(input, part);
      const widened = [...file.tensors.values()].some(({ widenedFrom }) => widenedFrom !== undefined);
      const notes = widened ? ['half floats are written as float32, with the same values'] : [];
      if (names === undefined && namingOf([...file.tensors.keys()]) === undefined) {
        await writeFileAtomic(output, formatSafetensors(file.tensors, { format: 'pt' }));
        report(output, file.tensors.size, [...notes, 'no known pose network: the names are as they were']);
        return;
      }
      const checkpoint = poseCheckpointOf(file, input);
      const { written, dropped } = await writePoseCheckpoint(output, checkpoint, names);
      report(output, written.length, [...notes, ...remarks(checkpoint, names ?? checkpoint.naming, dropped)]);
    });
}

/** What the user should know before giving the file to the code whose names it has now. */
function remarks({ conventions, architecture }: PoseCheckpoint, names: string, dropped: readonly string[]): string[] {
  const lines: string[] = [];
  if (dropped.length > 0) {
    const more = dropped.length > SHOWN ? ', ...' : '';
    lines.push(`left out, since ${names} has no name for it: ${dropped.slice(0, SHOWN).join(', ')}${more}`);
  }
  const expects = { official: true, mmpose: false, torchvision: undefined }[names];
  if (architecture.head === 'rle' && expects !== undefined && expects !== conventions.normalise) {
    lines.push(
      `the head ${conventions.normalise ? 'normalises' : 'does not normalise'} its features, other than the ${names} ` +
        "code's: only wgrad, which reads this from the file, computes the same with it",
    );
  }
  return lines;
}

const SHOWN = 3;

function report(path: string, tensors: number, lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`note: ${line}\n`);
  console.log(`${path}: ${tensors} tensors`);
}
