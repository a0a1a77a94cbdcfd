import { DataError } from '../errors.js';
import { choicesFile } from '../io/node/choicesFile.js';
import { webgpu } from '../tensor/webgpu.js';
import { formatTable } from '../testing/formatTable.js';
import { casesOf } from '../testing/registry.js';
import { type TuneCall, type TuneResult, tuneCallOf, tune as tuneKernels } from '../testing/tune.js';
import type { Command } from './command.js';

/** Ops whose kernels come in several kinds. */
const TUNED = ['matmul', 'conv2d', 'conv2dInput', 'conv2dWeight'];

/** `wgrad tune [op...]`: measures which kernels are fastest on this adapter, and keeps the choices for later runs. */
export const tune: Command = {
  name: 'tune',
  operands: '[op...]',
  says: 'measure which kernels are fastest on this adapter, and keep the choices in the folder for caches',
  options: {
    filter: { type: 'string', value: 'TEXT', default: '', says: 'only bench shapes whose name contains this' },
    again: { type: 'boolean', says: 'measure again what has been measured' },
    json: { type: 'boolean', says: 'print everything as JSON' },
  },
  async run(names, { filter, again, json }) {
    const calls = tuneCalls(names.length > 0 ? names : TUNED, String(filter));
    const store = choicesFile();
    await store.check();
    const device = await webgpu();
    const note = (text: string) => process.stderr.write(`wgrad: ${text}\n`);
    const results = await tuneKernels(device, calls, { store, again: Boolean(again), note });
    console.log(json ? JSON.stringify({ device: device.description, results }, replaceMaps, 2) : format(results));
    device.destroy();
    return 0;
  },
};

/**
 * The bench shapes of these ops whose name contains `filter`.
 * @throws DataError where no name contains it
 */
export function tuneCalls(names: readonly string[], filter: string): TuneCall[] {
  const all = casesOf(names).flatMap((cases) => cases.bench.map((bench) => ({ cases, bench })));
  const chosen = all.filter(({ bench }) => bench.name.includes(filter));
  if (chosen.length === 0 && all.length > 0) {
    throw new DataError(
      `--filter ${filter}: in the name of no bench shape of ${names.join(', ')}, such as ${all[0].bench.name}`,
    );
  }
  return chosen.map(tuneCallOf);
}

function format(results: readonly TuneResult[]): string {
  if (results.length === 0) return 'nothing to measure: all of it has been, or these ops have one kernel each';
  const head = ['product', 'choice', 'ms', 'built in', 'ms', 'rejected'];
  const rows = results.map((r) => [
    r.question,
    ...[r.choice, r.milliseconds.toPrecision(3), r.builtIn, r.builtInMilliseconds.toPrecision(3)],
    String(r.rejected.size),
  ]);
  return formatTable(head, rows);
}

function replaceMaps(_: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
