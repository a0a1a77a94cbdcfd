import type { Fill, OpCases } from '../autograd/cases.js';
import { DataError } from '../errors.js';
import { formatShape } from '../tensor/shape.js';
import type { Device } from '../tensor/tensor.js';
import { webgpu } from '../tensor/webgpu.js';
import { launchesOf } from '../testing/launchesOf.js';
import { casesOf } from '../testing/registry.js';
import type { Command } from './command.js';

interface Call {
  readonly inputs: readonly Fill[];
  readonly attrs?: object;
}

/** `wgrad wgsl OP`: the WGSL that runs on this adapter for the op's samples, or for the shapes of its benches. */
export const wgsl: Command = {
  name: 'wgsl',
  operands: 'op',
  says: 'print the WGSL that runs for the samples of an op on this adapter',
  options: { bench: { type: 'boolean', says: 'for the shapes of its benches instead' } },
  async run(names, { bench }) {
    if (names.length !== 1) throw new DataError(`wgsl: expected the name of one op, got ${names.length}`);
    const [cases] = casesOf(names);
    const device = await webgpu();
    const calls = bench ? cases.bench : cases.samples;
    console.log(`// ${names[0]} on ${device.description}\n\n${kernelsOf(cases, calls, device)}`);
    device.destroy();
    return 0;
  },
};

/** Every program that these calls launch, once, under a comment that says which call launches what. */
export function kernelsOf(cases: OpCases, calls: readonly Call[], device: Device): string {
  const programs = new Map<string, { label: string; uses: string[] }>(); // by code
  for (const call of calls) {
    const operands = [
      ...call.inputs.map((fill) => formatShape(fill.shape)),
      ...(call.attrs ? [JSON.stringify(call.attrs)] : []),
    ];
    for (const { program, grid } of launchesOf(cases.op, call, device)) {
      const entry = programs.get(program.code) ?? { label: program.label, uses: [] };
      entry.uses.push(`//   (${operands.join(', ')}): ${grid.join(' x ')} workgroups`);
      programs.set(program.code, entry);
    }
  }
  if (programs.size === 0) return '// no kernel: the result shares the memory of its operand';
  return [...programs].map(([code, { label, uses }]) => `// ${label}\n${uses.join('\n')}\n${code.trim()}\n`).join('\n');
}
