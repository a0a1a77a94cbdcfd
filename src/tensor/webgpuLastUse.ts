import { bytesOf } from './shape.js';
import { overlap, type Tensor } from './tensor.js';
import type { Recorded } from './webgpuCommand.js';
import type { BoundRange } from './webgpuPipelines.js';
import type { PoolAllocation } from './webgpuPool.js';

/** How many commands have run when the last one of them that reads or writes a tensor has; 0 if none does. */
export function commandsUntilLastUse(commands: readonly Recorded[], tensor: Tensor): number {
  const { buffer } = (tensor.allocation as PoolAllocation).pooled;
  const range = { offset: bytesOf(tensor.dtype, tensor.offset), size: bytesOf(tensor.dtype, tensor.size) };
  const uses = (place: Place) => place.buffer === buffer && overlap(place, range);
  return commands.findLastIndex((command) => placesOf(command).some(uses)) + 1;
}

/** Bytes of a buffer. */
type Place = Omit<BoundRange, 'id'>;

function placesOf(command: Recorded): readonly Place[] {
  if (!('kind' in command)) return command.ranges;
  if (command.kind === 'clear') return [{ ...command.target, offset: 0, size: command.target.bytes }];
  const [source, from, target, to, size] = command.args;
  return [
    { buffer: source.buffer, offset: from, size },
    { buffer: target, offset: to, size },
  ];
}
