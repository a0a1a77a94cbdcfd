import type { Command } from 'commander';
import { DataError } from 'wgrad';
import { checkWritable, writeFileAtomic } from 'wgrad/io/node';
import { onnxNetwork } from '../checkpoints/onnxNetwork.js';
import type { PoseCheckpoint } from '../checkpoints/poseCheckpoint.js';
import { formatOnnx, OPSET } from '../formats/onnx.js';
import { readPoseCheckpoint } from '../node/weightsFiles.js';
import { errorsOf, placeNote } from '../predict/errorsOf.js';
import { isPlaceOpen } from '../train/losses.js';
import { checkpointFile } from './checkpointFile.js';
import { openBackend } from './openBackend.js';
import { say } from './say.js';
import { spareInputs } from './spareInputs.js';

interface Options {
  readonly part?: string;
  readonly json?: boolean;
}

/** `wgrad-pose export RUN|FILE OUT.onnx`: the network without its flow, for other runtimes. */
export function exportOnnx(program: Command): void {
  program
    .command('export')
    .argument('<in>', 'folder of a run, safetensors, or a .pth or .pt of PyTorch; nothing of it is run')
    .argument('<out>', 'ONNX file to write')
    .description(`write a network as ONNX, opset ${OPSET}, any batch; its metadata say how images go in`)
    .option('--part <key>', "dict of the file to read, such as ema_state_dict; by default the model's")
    .option('--json', 'print what was written as JSON')
    .action(async (input: string, output: string, { part, json }: Options) => {
      if (!output.endsWith('.onnx')) throw new DataError(`export writes ONNX: ${output} should end with .onnx`);
      const path = await checkpointFile(input);
      await checkWritable(output);
      await spareInputs(output, [path]);
      const checkpoint = await readPoseCheckpoint(path, part);
      // The file has no flow, so that what moves poses away from mu has to be a part of the network.
      const note = placeNote(checkpoint);
      if (note) say(`note: ${note}`);
      const shift = checkpoint.loss && isPlaceOpen(checkpoint.loss) ? await shiftOf(checkpoint) : undefined;
      const model = onnxNetwork(checkpoint, shift);
      const bytes = await formatOnnx(model);
      await writeFileAtomic(output, bytes);
      const { inputs, outputs, metadata } = model;
      if (json) {
        const [at, from] = [outputs, inputs].map((values) => values.map(({ name, shape }) => ({ name, shape })));
        console.log(JSON.stringify({ file: output, opset: OPSET, inputs: from, outputs: at, metadata }, null, 2));
      } else {
        const describe = ({ name, shape }: (typeof inputs)[number]) => `${name} [${shape.join(', ')}]`;
        const [from, to] = [inputs, outputs].map((values) => values.map(describe).join(', '));
        console.log(`${output}: ${from} to ${to}, opset ${OPSET}, ${(bytes.length / 1e6).toFixed(1)} MB`);
      }
    });
}

/** By how much of sigma poses are away from mu. */
async function shiftOf(checkpoint: PoseCheckpoint): Promise<readonly number[] | undefined> {
  const device = await openBackend('auto');
  try {
    return (await errorsOf(device, checkpoint))?.shift;
  } finally {
    device.destroy();
  }
}
