import type { Bindable, Launch, View } from '../../tensor/backend.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { type Shape, sizeOf } from '../../tensor/shape.js';
import strided, { type StridedLanes } from '../wgsl/strided.wgsl.js';
import { mergedAxes } from './mergedAxes.js';

const moves = /* @__PURE__ */ programs(
  (op: string, move, rank, lanes) => `${op} ${move} ${rank}d ${lanes}`,
  (_, move: 'read' | 'write', rank: number, lanes: StridedLanes) => strided(move, rank, lanes),
);

/** A row-major index space laid over an array: element `index` lies at `offset + sum_d index_d strides_d`. */
export interface Strided {
  readonly extents: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** `y[k] = x[at(k)]`: what permute, slice, flip and broadcastTo do. */
export function readStrided(op: string, x: Bindable, y: Bindable, map: Strided): Launch {
  const joined = join(map);
  const last = joined.extents.length - 1;
  const four = joined.extents[last] % 4 === 0 ? 'four' : 'scalar';
  return launch(op, 'read', x, y, joined, movesVectors(joined) ? 'vector' : four);
}

/** `y[at(k)] = x[k]`: the dual, which pad and concat are made of; elements of `y` outside of the map stay as they are. */
export function writeStrided(op: string, x: Bindable, y: Bindable, map: Strided): Launch {
  const joined = join(map);
  return launch(op, 'write', x, y, joined, movesVectors(joined) ? 'vector' : 'scalar');
}

/** The reference of both: calls `visit(k, at(k))` for every element in order. */
export function eachStrided({ extents, strides, offset }: Strided, visit: (k: number, at: number) => void): void {
  const walk = (d: number, k: number, at: number): void => {
    if (d === extents.length) visit(k, at);
    else for (let i = 0; i < extents[d]; i++) walk(d + 1, k * extents[d] + i, at + i * strides[d]);
  };
  walk(0, 0, offset);
}

/** The reference of `readStrided`. */
export function readView(x: View, y: View, map: Strided): void {
  eachStrided(map, (k, at) => {
    y.data[k] = x.data[at];
  });
}

/** The same map with as few axes as possible. */
function join(map: Strided): Strided {
  const { extents, strides } = mergedAxes(map.extents, [map.strides]);
  return { extents, strides: strides[0], offset: map.offset };
}

function movesVectors({ extents, strides, offset }: Strided): boolean {
  const last = extents.length - 1;
  const aligned = (n: number) => n % 4 === 0;
  return strides[last] === 1 && aligned(extents[last]) && aligned(offset) && strides.slice(0, last).every(aligned);
}

function launch(
  op: string,
  move: 'read' | 'write',
  x: Bindable,
  y: Bindable,
  { extents, strides, offset }: Strided,
  lanes: StridedLanes,
): Launch {
  const rank = extents.length;
  const last = rank - 1;
  const unit = lanes === 'vector' ? 4 : 1;
  const params = [offset / unit];
  for (let d = 0; d < rank; d++) {
    params.push(d === last && lanes !== 'scalar' ? extents[d] / 4 : extents[d]);
    params.push((d === last ? strides[d] : strides[d] / unit) >>> 0);
  }
  return launchThreads(sizeOf(extents) / (lanes === 'scalar' ? 1 : 4), moves(op, move, rank, lanes), [x], [y], params);
}
