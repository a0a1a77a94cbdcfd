import type { Command } from 'commander';
import { DataError } from 'wgrad';
import { printable } from 'wgrad/io';
import { formatTable } from 'wgrad/testing';
import { type Architecture, describeArchitecture } from '../checkpoints/architecture.js';
import type { Conventions } from '../checkpoints/conventions.js';
import { parameterCount, poseCheckpointOf } from '../checkpoints/poseCheckpoint.js';
import type { WeightsFile } from '../formats/weightsFile.js';
import { mapExtent } from '../heatmaps/mapGrid.js';
import { readWeightsFile } from '../node/weightsFiles.js';
import type { JointSchema } from '../schema.js';
import { checkpointFile } from './checkpointFile.js';

/** What is in a file of weights. */
export interface Inspection {
  readonly file: string;
  readonly format: WeightsFile['format'];
  /** The dict that was read, and the other dicts of the file that hold tensors. */
  readonly part: string;
  readonly parts: readonly string[];
  /** The naming of the tensors; `null`, with a `fault`, where wgrad knows no network with such names. */
  readonly names: string | null;
  readonly architecture: Architecture | null;
  readonly conventions: Conventions | null;
  /** What its joints are, if the file says so. */
  readonly schema: JointSchema | null;
  readonly fault: string | null;
  /** How many numbers training learns. */
  readonly parameters: number;
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: string }[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Functions and classes that the file names; nothing of them was run. */
  readonly unknown: readonly string[];
}

/**
 * `wgrad-pose inspect FILE`: shows which weights a file holds and of which network; exits 1 if wgrad does not know the
 * network.
 */
export function inspect(program: Command): void {
  program
    .command('inspect')
    .argument('<file>', 'safetensors, a .pth or .pt of PyTorch, of which nothing is run, or the folder of a run')
    .description('show what weights a file holds: network, preprocessing, tensors, metadata')
    .option('--part <key>', "dict of the file to read, such as ema_state_dict; by default the model's")
    .option('--json', 'print everything as JSON')
    .action(async (file: string, { part, json }: { part?: string; json?: boolean }) => {
      const path = await checkpointFile(file);
      const inspection = inspectWeights(await readWeightsFile(path, part), path);
      // In JSON, too, an escape means the character that it stands for.
      const lines = json ? JSON.stringify(inspection, null, 2).split('\n').map(printable) : [format(inspection)];
      console.log(lines.join('\n'));
      process.exitCode = inspection.fault === null ? 0 : 1;
    });
}

/** Describes a file's tensors and, where it can, their network. */
export function inspectWeights(weights: WeightsFile, file: string): Inspection {
  const { format, part, parts, metadata, unknown } = weights;
  const tensors = [...weights.tensors].map(([name, { shape, dtype, widenedFrom }]) => ({
    name,
    shape,
    dtype: widenedFrom ?? dtype,
  }));
  return {
    file,
    format,
    part,
    parts,
    ...networkIn(weights, file),
    parameters: parameterCount(weights.tensors),
    tensors,
    metadata,
    unknown,
  };
}

type Network = Pick<Inspection, 'names' | 'architecture' | 'conventions' | 'schema' | 'fault'>;

function networkIn(weights: WeightsFile, file: string): Network {
  try {
    const { naming, architecture, conventions, schema = null } = poseCheckpointOf(weights, file);
    return { names: naming, architecture, conventions, schema, fault: null };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { names: null, architecture: null, conventions: null, schema: null, fault: error.message };
  }
}

/** The inspection as lines: facts, then a table of the tensors. */
export function format(inspection: Inspection): string {
  const { file, format: kind, part, parts, names, architecture, conventions, fault, parameters } = inspection;
  const facts: [string, string][] = [
    ['file', `${file}, ${kind}${part && `, dict ${part}`}${parts.length > 0 ? `; also ${parts.join(', ')}` : ''}`],
    ['network', architecture ? `${describeArchitecture(architecture)}, names of ${names}` : `unknown: ${fault}`],
  ];
  if (architecture && conventions) facts.push(...describeConventions(conventions, architecture));
  if (inspection.schema) facts.push(['joints', firstLine(describeSchema(inspection.schema))]);
  facts.push(['tensors', `${inspection.tensors.length}, ${parameters.toLocaleString('en')} parameters`]);
  for (const [key, value] of Object.entries(inspection.metadata)) facts.push([key, firstLine(value)]);
  const { unknown } = inspection;
  if (unknown.length > 0) facts.push(['not run', firstLine(unknown.join(', '))]);
  const width = facts.reduce((widest, [name]) => Math.max(widest, name.length), 0) + 2;
  // Before the columns are laid out, because an escape is longer than its character.
  const rows = inspection.tensors.map(({ name, shape, dtype }) => [printable(name), `[${shape.join(', ')}]`, dtype]);
  return [
    ...facts.map(([name, value]) => printable(name.padEnd(width) + value)),
    '',
    formatTable(['tensor', 'shape', 'dtype'], rows),
  ].join('\n');
}

function describeConventions(conventions: Conventions, { head }: Architecture): [string, string][] {
  const { size, mean, std, channels = 'rgb', padding, udp } = conventions;
  const [height, width] = size;
  const order = channels === 'bgr' ? ', channels in the order blue, green, red' : '';
  const input = `${width} x ${height}, (rgb / 255 - [${mean.join(', ')}]) / [${std.join(', ')}]${order}, box * ${padding}${udp ? ', UDP' : ''}`;
  return [['input', input], ...(head === 'none' ? [] : [['output', outputOf(conventions)] as [string, string]])];
}

function outputOf({ size, origin, pixel, udp, depth, normalise, maps }: Conventions): string {
  const width = mapExtent(size[1], udp);
  const less = pixel === 0 ? '' : ` - ${pixel}`;
  if (maps) {
    const at = `column ${pixel === 0 ? 'i' : `(i + ${pixel})`} / ${udp ? '(n - 1)' : 'n'} * ${width}${less} of each heatmap's`;
    if (maps.decode === 'peak') {
      const { refine, kernel } = maps;
      return `${at} peak, ${refine ? `by DARK with a kernel of ${kernel}` : 'a quarter of a pixel towards its higher neighbours'}`;
    }
    const details = [maps.beta === 1 ? '' : `beta ${maps.beta}`, maps.debias === 'none' ? '' : `debias ${maps.debias}`];
    return [`${at} mean`, ...details.filter(Boolean)].join(', ');
  }
  const shift = origin === 0 ? 'x' : `(x + ${origin})`;
  const deep = depth === undefined ? '' : `, z * ${depth} mm behind joint 0`;
  return `column ${shift} * ${width}${less}${deep}; coordinates from ${normalise ? 'normalised' : 'plain'} features`;
}

function describeSchema({ name, joints }: JointSchema): string {
  return `${joints.length} of ${name}: ${joints.join(', ')}`;
}

/** The metadata may hold a whole configuration file; its first line is enough here. */
function firstLine(text: string): string {
  const [line] = text.split('\n');
  return line.length < text.length || line.length > 100 ? `${line.slice(0, 97)}...` : line;
}
