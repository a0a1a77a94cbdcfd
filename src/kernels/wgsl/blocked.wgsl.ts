import { ShapeError } from '../../errors.js';
import { withSubgroups } from './narrow.wgsl.js';
import { lines } from './tile.wgsl.js';
import { COMPONENTS } from './vec4.wgsl.js';
import { wholeGroup } from './wholeGroup.wgsl.js';

/**
 * The tile that a workgroup of a real GPU computes, `rows` x `columns` outputs: it brings slabs of both factors, `depth`
 * deep, into shared memory, and each invocation multiplies `threadRows` x `threadColumns` of them in registers.
 */
export interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly threadRows: number;
  readonly threadColumns: number;
}

/** What a product tells the template; all functions return WGSL. */
export interface BlockedProduct {
  readonly block: Block;
  /** The subgroup size that the kernel asks for. */
  readonly subgroup?: number;
  /** Structs, bindings and functions; the parameters `p` hold `baseWords`. */
  readonly declarations: string;
  /** Statements that define `firstStep` and `endStep`, the workgroup's range of slabs, from uniform values only. */
  readonly range: string;
  /** The axis of A along which a vec4 of it lies: `a` below is A[row, k .. k + 3] or A[row .. row + 3, k]. */
  readonly along: 'depth' | 'rows';
  /** Neighbouring invocations load neighbouring depths of B, not columns: B lies transposed. */
  readonly depthFirst: boolean;
  /** Statements before the loop, for load `i` at `rowA<i>`, `depthA<i>` (within the slab) or `columnB<i>`, `depthB<i>`. */
  readonly holdA: (i: number) => string;
  readonly holdB: (i: number) => string;
  /** Statements that set `a<i>` and `b<i>` (which is B[k, column .. column + 3]) to their part of slab `step`. */
  readonly loadA: (i: number) => string;
  readonly loadB: (i: number) => string;
  /** Statements that move loop variables on to the next slab, for the invocation's loads of A. */
  readonly advance?: (loadsA: number) => string;
  /** Statements after the loop, for the invocation's quad `j` of columns, which begins at `column<j>`. */
  readonly holdColumn: (j: number) => string;
  /** A statement that stores four sums of a row, in quad `j` of columns. */
  readonly store: (row: string, j: number, value: string) => string;
}

export function threadsOf({ rows, columns, threadRows, threadColumns }: Block): number {
  return (rows / threadRows) * (columns / threadColumns);
}

export function blockLabel({ rows, columns, depth, threadRows, threadColumns }: Block): string {
  return `${rows}x${columns}x${depth}/${threadRows}x${threadColumns}`;
}

/** A slab of a transposed B is written column by column: a vec4 of padding per row keeps those writes on different banks. */
function pitchOf({ columns }: Block, depthFirst: boolean): number {
  return columns / 4 + (depthFirst ? 1 : 0);
}

/** Bytes of workgroup memory. */
export function sharedBytes(block: Block, depthFirst: boolean): number {
  return 16 * ((block.rows * block.depth) / 4 + block.depth * pitchOf(block, depthFirst));
}

/**
 * Whether the invocations of a block together load all of both slabs and store all of the outputs: with half a load for
 * each, say, no statement would be printed, and the kernel would multiply zeros.
 */
function checkCover({ block, along }: Pick<BlockedProduct, 'block' | 'along'>): void {
  const { rows, columns, depth, threadRows, threadColumns } = block;
  const threads = threadsOf(block);
  const wholes: Record<string, number> = {
    'invocations along the rows': rows / threadRows,
    'invocations along the columns': columns / threadColumns,
    'vec4s of columns per invocation': threadColumns / 4,
    ...(along === 'rows' && { 'vec4s of rows per invocation': threadRows / 4 }),
    [`vec4s of A along the ${along}`]: (along === 'rows' ? rows : depth) / 4,
    'vec4 loads of A per invocation': (rows * depth) / 4 / threads,
    'vec4 loads of B per invocation': (columns * depth) / 4 / threads,
  };
  for (const [what, n] of Object.entries(wholes)) {
    if (!(n >= 1 && Number.isInteger(n))) {
      throw new ShapeError(`block ${blockLabel(block)}: ${what}: ${n}; expected a whole number, or a part is left out`);
    }
  }
}

/**
 * The kernel of a blocked matrix product. While a slab is multiplied the next one's loads are in flight: they go to
 * registers first and to shared memory when everybody is done with the old slab. Behind the last slab something is loaded
 * that nobody uses, because a branch around the loads would cost a move for each number.
 *
 * @throws ShapeError for a block that its invocations would not cover
 */
export default function blocked(product: BlockedProduct): string {
  const { block, along, depthFirst, declarations, range, advance, store } = product;
  const { rows, columns, depth, threadRows, threadColumns } = block;
  checkCover(product);
  const threads = threadsOf(block);
  const acrossX = columns / threadColumns;
  const acrossY = rows / threadRows;
  const [rowQuads, columnQuads, depthQuads] = [rows / 4, columns / 4, depth / 4];
  const pitch = pitchOf(block, depthFirst);
  const loadsA = (rowQuads * depth) / threads;
  const loadsB = (columnQuads * depth) / threads;
  const placeA = (i: number) =>
    along === 'depth'
      ? `let rowA${i} = firstRow + taskA${i} / ${depthQuads}u; let depthA${i} = 4u * (taskA${i} % ${depthQuads}u);`
      : `let rowA${i} = firstRow + 4u * (taskA${i} % ${rowQuads}u); let depthA${i} = taskA${i} / ${rowQuads}u;`;
  const placeB = (i: number) =>
    depthFirst
      ? `let columnB${i} = firstColumn + 4u * (taskB${i} / ${depth}u); let depthB${i} = taskB${i} % ${depth}u;`
      : `let columnB${i} = firstColumn + 4u * (taskB${i} % ${columnQuads}u); let depthB${i} = taskB${i} / ${columnQuads}u;`;
  const slotB = (i: number) => `depthB${i} * ${pitch}u + (columnB${i} - firstColumn) / 4u`;
  // Rows and columns of an invocation are interleaved with its neighbours': a warp then reads and stores whole lines.
  const row = (r: number) =>
    along === 'depth' ? `threadY + ${r * acrossY}u` : `4u * (threadY + ${Math.floor(r / 4) * acrossY}u) + ${r % 4}u`;
  const quads = Array.from({ length: threadColumns / 4 }, (_, j) => j);
  const sums = Array.from({ length: threadRows }, (_, r) => quads.map((j) => ({ r, j, name: `sum${r}x${j}` }))).flat();
  const code = /* wgsl */ `
${declarations}
var<workgroup> slabA: array<vec4f, ${rowQuads * depth}>;
var<workgroup> slabB: array<vec4f, ${pitch * depth}>;

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let group = ${wholeGroup};
  let firstRow = group.y * ${rows}u;
  let firstColumn = group.x * ${columns}u;
  let threadX = thread % ${acrossX}u;
  let threadY = thread / ${acrossX}u;
  ${range}
  ${lines(loadsA, (i) => `let taskA${i} = thread + ${i * threads}u; ${placeA(i)}\n${product.holdA(i)}\nvar a${i}: vec4f;`)}
  ${lines(loadsB, (i) => `let taskB${i} = thread + ${i * threads}u; ${placeB(i)}\n${product.holdB(i)}\nvar b${i}: vec4f;`)}
  ${sums.map(({ name }) => `var ${name} = vec4f(0.0);`).join('\n')}
  for (var step = firstStep; ; step++) {
    ${lines(loadsA, product.loadA)}
    ${lines(loadsB, product.loadB)}
    ${advance?.(loadsA) ?? ''}
    if (step > firstStep) {
      ${along === 'depth' ? dotProducts(block, pitch) : outerProducts(block, pitch)}
    }
    if (step >= endStep) { break; }
    workgroupBarrier();
    ${lines(loadsA, (i) => `slabA[taskA${i}] = a${i};`)}
    ${lines(loadsB, (i) => `slabB[${slotB(i)}] = b${i};`)}
    workgroupBarrier();
  }
  ${lines(quads.length, (j) => `let column${j} = firstColumn + 4u * (threadX + ${j * acrossX}u);\n${product.holdColumn(j)}`)}
  ${sums.map(({ r, j, name }) => store(`firstRow + ${row(r)}`, j, name)).join('\n')}
}`;
  return withSubgroups(product.subgroup, code);
}

/** Slab A holds vec4s along the depth, [row, depth / 4]: four steps of depth at a time. */
function dotProducts({ rows, columns, depth, threadRows, threadColumns }: Block, pitch: number): string {
  const [acrossX, acrossY] = [columns / threadColumns, rows / threadRows];
  const quads = threadColumns / 4;
  return `for (var d = 0u; d < ${depth / 4}u; d++) {
    ${lines(4 * quads, (n) => `let b${n % 4}x${n >> 2} = slabB[(4u * d + ${n % 4}u) * ${pitch}u + threadX + ${(n >> 2) * acrossX}u];`)}
    ${lines(threadRows, (r) => {
      const products = lines(quads, (j) =>
        COMPONENTS.map((c, e) => `sum${r}x${j} = fma(vec4f(held${r}.${c}), b${e}x${j}, sum${r}x${j});`).join('\n'),
      );
      return `let held${r} = slabA[(threadY + ${r * acrossY}u) * ${depth / 4}u + d];\n${products}`;
    })}
  }`;
}

/** Slab A holds vec4s along the rows, [depth, row / 4]: one step of depth at a time. */
function outerProducts({ rows, columns, depth, threadRows, threadColumns }: Block, pitch: number): string {
  const [acrossX, acrossY] = [columns / threadColumns, rows / threadRows];
  const quads = threadColumns / 4;
  return `for (var d = 0u; d < ${depth}u; d++) {
    ${lines(quads, (j) => `let right${j} = slabB[d * ${pitch}u + threadX + ${j * acrossX}u];`)}
    ${lines(threadRows / 4, (h) => {
      const products = COMPONENTS.flatMap((c, e) =>
        Array.from({ length: quads }, (_, j) => {
          const sum = `sum${4 * h + e}x${j}`;
          return `${sum} = fma(vec4f(held${h}.${c}), right${j}, ${sum});`;
        }),
      );
      return `let held${h} = slabA[d * ${rows / 4}u + threadY + ${h * acrossY}u];\n${products.join('\n')}`;
    })}
  }`;
}
