import type { Capabilities } from '../../../tensor/backend.js';
import { type Block, blockLabel, threadsOf } from '../../wgsl/blocked.wgsl.js';
import { type Tile, tileLabel } from '../../wgsl/tile.wgsl.js';
import { type Hardware, hardwareOf } from './hardware.js';

/** A matrix product as the choice of its kernel sees it: `count` products of `rows` x `depth` by `depth` x `columns`. */
export interface ProductShape {
  readonly op: string;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly count: number;
}

/** Blocks in shared memory, the sums cut into `splits` ranges that a second stage adds. */
export interface BlockPlan {
  readonly block: Block;
  readonly splits: number;
}

export type Plan = { readonly tile: Tile } | BlockPlan;

const block = (rows: number, columns: number, depth: number, threadRows: number, threadColumns: number): Block => ({
  ...{ rows, columns, depth, threadRows, threadColumns },
});

/** All blocks that are generated; none takes more than the 16 KiB and 256 invocations that every adapter has. */
export const BLOCKS: readonly Block[] = [
  block(128, 128, 8, 8, 8),
  block(128, 64, 8, 8, 8),
  block(64, 64, 16, 8, 4),
  block(128, 32, 16, 8, 4),
  block(64, 64, 16, 4, 4),
  block(32, 32, 16, 4, 4),
  block(32, 32, 16, 2, 4),
];

/** How many multiply-adds a processor starts at once, and how many invocations it needs to hide latencies. */
const LANES = 128;
const BUSY = 2 * LANES;
/** What it costs to bring a number of a slab. */
const BRING = 2;
/** Terms that a range of a split sum keeps at least. */
const LEAST_DEPTH = 64;
/** Bytes that the partial sums of a split may take. */
export const PARTIAL_BYTES = 32 * 2 ** 20;
/** What a further launch costs: some 3 us at 1.5 GHz. */
const LAUNCH = 4000;
/** Plans of any block that are measured, see `likelyPlans`. */
const MEASURED = 6;
const SPLITS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** The plans that fit a product: every block with every number of splits that leaves ranges and memory of some size. */
export function blockPlans({ rows, columns, depth, count }: ProductShape): BlockPlan[] {
  const bytes = 4 * rows * columns * count;
  const allowed = SPLITS.filter((n) => n === 1 || (depth / n >= LEAST_DEPTH && n * bytes <= PARTIAL_BYTES));
  return BLOCKS.flatMap((b) => allowed.map((splits) => ({ block: b, splits })));
}

/**
 * The time that a model gives a plan, in multiply-adds of one invocation. An invocation loads as much from shared memory
 * as the sides of its tile are long together. The processor with the most work sets the pace. A processor with few
 * invocations waits for its loads. What the slabs hold is brought from memory to shared memory first.
 */
export function modelledTime(
  { block: b, splits }: BlockPlan,
  { rows, columns, depth, count }: ProductShape,
  { processors }: Pick<Hardware, 'processors'>,
): number {
  const groups = Math.ceil(rows / b.rows) * Math.ceil(columns / b.columns) * count * splits;
  const groupsOfOne = Math.ceil(groups / processors);
  const invocations = Math.max(groupsOfOne * threadsOf(b), BUSY);
  const range = Math.ceil(depth / splits / b.depth) * b.depth;
  const perStep = b.threadRows * b.threadColumns + 2 * (b.threadRows + b.threadColumns);
  const secondStage = splits > 1 ? LAUNCH + (8 * (splits + 1) * rows * columns * count) / (processors * LANES) : 0;
  const brought = BRING * groupsOfOne * (b.rows + b.columns);
  return (range * (perStep * invocations + brought)) / LANES + secondStage;
}

const selected = new Map<string, BlockPlan>();

/** The plan of a product on a real GPU that the model finds fastest; of equals the first, hence the largest block. */
export function selectBlock(shape: ProductShape, capabilities: Capabilities): BlockPlan {
  const { vendor, architecture, narrowSubgroup = 0 } = capabilities;
  const key = `${vendor} ${architecture} ${narrowSubgroup} ${questionOf(shape)}`;
  let plan = selected.get(key); // asked at every dispatch
  if (!plan) {
    plan = fastest(shape, capabilities);
    selected.set(key, plan);
  }
  return plan;
}

/** How tables of measured choices name a product. */
export function questionOf({ op, rows, columns, depth, count }: ProductShape): string {
  return `${op} ${rows} x ${columns} x ${depth} x ${count}`;
}

/** The product that tables call so; undefined for a question about something else. */
export function productNamed(question: string): ProductShape | undefined {
  const match = /^(\w+) (\d+) x (\d+) x (\d+) x (\d+)$/.exec(question);
  if (!match) return undefined;
  const [rows, columns, depth, count] = match.slice(2).map(Number);
  return { op: match[1], rows, columns, depth, count };
}

/** With fewer sums than this an invocation loads more than it multiplies; it has them only where registers do not suffice. */
const FEW_SUMS = 16;

/** The plans of a product that leave an invocation's sums in registers. */
export function fittingPlans(shape: ProductShape, { accumulators }: Hardware): BlockPlan[] {
  const least = Math.min(accumulators, FEW_SUMS);
  return blockPlans(shape).filter(({ block: { threadRows, threadColumns } }) => {
    const sums = threadRows * threadColumns;
    return sums >= least && sums <= accumulators;
  });
}

function fastest(shape: ProductShape, capabilities: Capabilities): BlockPlan {
  const hardware = hardwareOf(capabilities);
  return byTime(fittingPlans(shape, hardware), shape, hardware)[0];
}

/** The plans in the order of the model's times, equals as they came. */
function byTime(plans: readonly BlockPlan[], shape: ProductShape, hardware: Hardware): BlockPlan[] {
  return plans
    .map((plan) => ({ plan, time: modelledTime(plan, shape, hardware) }))
    .sort((a, b) => a.time - b.time)
    .map(({ plan }) => plan);
}

/** Plans worth measuring: of each block the best according to the model, and then those that it finds best of all. */
export function likelyPlans(shape: ProductShape, capabilities: Capabilities): BlockPlan[] {
  const plans = byTime(blockPlans(shape), shape, hardwareOf(capabilities));
  const bestOfEach = BLOCKS.map((b) => plans.find((plan) => plan.block === b) as BlockPlan);
  return [...new Set([...bestOfEach, ...plans.slice(0, MEASURED)])];
}

/** Workgroups along columns and rows. */
export function blockGrid(b: Block, { rows, columns }: Pick<ProductShape, 'rows' | 'columns'>): [x: number, y: number] {
  return [Math.ceil(columns / b.columns), Math.ceil(rows / b.rows)];
}

/** Names a plan, in tables of measured choices. */
export function planLabel(plan: Plan): string {
  if ('tile' in plan) return tileLabel(plan.tile);
  return `${blockLabel(plan.block)} in ${plan.splits}`;
}

/** The plan of that name; undefined for a name that no plan has. */
export function planNamed(label: string): Plan | undefined {
  const [name, splits] = label.split(' in ');
  if (splits === undefined) {
    const [lanes, rowsPerLane, across] = name.split('x').map(Number);
    if (!(lanes > 0 && rowsPerLane > 0)) return undefined;
    return { tile: { lanes, rowsPerLane, ...(across > 0 && { across }) } };
  }
  const b = BLOCKS.find((x) => blockLabel(x) === name);
  return b && SPLITS.includes(Number(splits)) ? { block: b, splits: Number(splits) } : undefined;
}
