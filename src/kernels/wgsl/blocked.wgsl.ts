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
  readonly alongA: 'depth' | 'rows';
  /** Of B: `b` below is B[k .. k + 3, column] or B[k, column .. column + 3]. */
  readonly alongB: 'depth' | 'columns';
  /** Statements before the loop, for load `i` at `rowA<i>`, `depthA<i>` (within the slab) or `columnB<i>`, `depthB<i>`. */
  readonly holdA: (i: number) => string;
  readonly holdB: (i: number) => string;
  /** Statements that set `a<i>` and `b<i>` to their part of the slab number `slab`. */
  readonly loadA: (i: number) => string;
  readonly loadB: (i: number) => string;
  /**
   * The condition, or a vec4 of them, under which what was loaded counts; else it is zero. It is used when the slab is stored,
   * because a use next to the load would wait for it. Rows and columns beyond the last need none: nobody stores their sums.
   */
  readonly countsA?: (i: number) => string;
  readonly countsB?: (i: number) => string;
  /** Statements that move variables on to the next slab, for the invocation's loads of A. */
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

/**
 * Vec4s in a row of slab B, which belongs to a step of the depth. Where B's vec4s lie along the depth its blocks of 4 x 4 lie
 * transposed: row `4 d + n` has columns n, n + 4, n + 8, ... at the steps of `d`, and a vec4 of padding, so that
 * neighbouring invocations, which store one column at several `d`, meet different banks.
 */
function pitchOfB({ columns }: Block, alongB: BlockedProduct['alongB']): number {
  return columns / 4 + (alongB === 'depth' ? 1 : 0);
}

/** How many numbers of slab A an invocation reads at a time. */
function widthOfA({ threadRows }: Block, alongA: BlockedProduct['alongA']): 2 | 4 {
  return alongA === 'rows' && threadRows % 4 > 0 ? 2 : 4;
}

/** Bytes of workgroup memory. */
export function sharedBytes(block: Block, alongB: BlockedProduct['alongB']): number {
  return 16 * block.depth * (block.rows / 4 + pitchOfB(block, alongB));
}

/**
 * Whether the invocations of a block together load all of both slabs and store all of the outputs: with half a load for
 * each, say, no statement would be printed, and the kernel would multiply zeros.
 */
function checkCover({ block, alongA, alongB }: BlockedProduct): void {
  const { rows, columns, depth, threadRows, threadColumns } = block;
  const threads = threadsOf(block);
  const loadsA = (rows * depth) / 4 / threads;
  const wholes: Record<string, number> = {
    'invocations along the rows': rows / threadRows,
    'invocations along the columns': columns / threadColumns,
    'vec4s of columns per invocation': threadColumns / 4,
    'vec4s along the depth': depth / 4,
    ...(alongA === 'rows' && { 'vec2s of rows per invocation': threadRows / 2 }),
    'vec4 loads of A per invocation': loadsA,
    'vec4 loads of B per invocation': (columns * depth) / 4 / threads,
    ...(alongA === 'rows'
      ? { 'vec4s of rows per load of A': rows / 4 / loadsA }
      : { 'rows per load of A': (4 * threads) / depth }),
    ...(alongB === 'depth'
      ? { 'vec4s of columns per load of B': threads / depth }
      : { 'steps of depth per load of B': (4 * threads) / columns }),
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
 * and stored that nobody uses, so that no branch stands between a load and its use: compilers move a load to where it is used.
 * The loop counts down, because Dawn counts the trips of a loop itself unless it ends at a constant.
 *
 * @throws ShapeError for a block that its invocations would not cover
 */
export default function blocked(product: BlockedProduct): string {
  const { block, alongA, alongB, declarations, range, advance, store } = product;
  const { rows, columns, depth, threadRows, threadColumns } = block;
  checkCover(product);
  const threads = threadsOf(block);
  const acrossX = columns / threadColumns;
  const acrossY = rows / threadRows;
  const [rowQuads, columnQuads, depthQuads] = [rows / 4, columns / 4, depth / 4];
  const pitch = pitchOfB(block, alongB);
  const width = widthOfA(block, alongA);
  const loadsA = (rowQuads * depth) / threads;
  const loadsB = (columnQuads * depth) / threads;
  // Loads of an invocation that lie along the depth are of one depth, those across it of one row or column, so that they share
  // what depends on it.
  const heldQuads = rowQuads / loadsA;
  const linesPerLoad = threads / depthQuads;
  const placeA = (i: number) =>
    alongA === 'depth'
      ? `let slotA${i} = thread + ${i * threads}u;
  let rowA${i} = firstRow + thread / ${depthQuads}u + ${i * linesPerLoad}u;
  let depthA${i} = 4u * (thread % ${depthQuads}u);`
      : `let depthA${i} = thread / ${heldQuads}u;
  let quadA${i} = thread % ${heldQuads}u + ${i * heldQuads}u;
  let slotA${i} = depthA${i} * ${rowQuads}u + quadA${i};
  let rowA${i} = firstRow + 4u * quadA${i};`;
  const placeB = (i: number) =>
    alongB === 'depth'
      ? `let lineB${i} = thread / ${depthQuads}u;
  let quadB${i} = thread % ${depthQuads}u;
  let slotB${i} = (4u * quadB${i} + lineB${i} % 4u) * ${pitch}u + lineB${i} / 4u + ${(i * linesPerLoad) / 4}u;
  let columnB${i} = firstColumn + lineB${i} + ${i * linesPerLoad}u;
  let depthB${i} = 4u * quadB${i};`
      : `let slotB${i} = thread + ${i * threads}u;
  let columnB${i} = firstColumn + 4u * (thread % ${columnQuads}u);
  let depthB${i} = thread / ${columnQuads}u + ${(i * threads) / columnQuads}u;`;
  const counted = (value: string, condition?: string) =>
    condition ? `select(vec4f(0.0), ${value}, ${condition})` : value;
  // Rows and columns of an invocation are interleaved with its neighbours': a warp then reads and stores whole lines.
  const row = (r: number) =>
    alongA === 'depth'
      ? `threadY + ${r * acrossY}u`
      : `${width}u * (threadY + ${Math.floor(r / width) * acrossY}u) + ${r % width}u`;
  const quads = Array.from({ length: threadColumns / 4 }, (_, j) => j);
  const sums = Array.from({ length: threadRows }, (_, r) => quads.map((j) => ({ r, j, name: `sum${r}x${j}` }))).flat();
  const loads = `${lines(loadsA, product.loadA)}
    ${lines(loadsB, product.loadB)}`;
  const storeA = (i: number) => {
    const value = counted(`a${i}`, product.countsA?.(i));
    if (width === 4) return `slabA[slotA${i}] = ${value};`;
    return `a${i} = ${value}; slabA[2u * slotA${i}] = a${i}.xy; slabA[2u * slotA${i} + 1u] = a${i}.zw;`;
  };
  const stores = `${lines(loadsA, storeA)}
    ${lines(loadsB, (i) => `slabB[slotB${i}] = ${counted(`b${i}`, product.countsB?.(i))};`)}
    workgroupBarrier();`;
  const code = /* wgsl */ `
${declarations}
var<workgroup> slabA: array<vec${width}f, ${(rows * depth) / width}>;
var<workgroup> slabB: array<vec4f, ${pitch * depth}>;

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let group = ${wholeGroup};
  let firstRow = group.y * ${rows}u;
  let firstColumn = group.x * ${columns}u;
  let threadX = thread % ${acrossX}u;
  let threadY = thread / ${acrossX}u;
  let readA = threadY${alongA === 'depth' ? ` * ${depthQuads}u` : ''};
  ${range}
  ${lines(loadsA, (i) => `${placeA(i)}\n${product.holdA(i)}\nvar a${i}: vec4f;`)}
  ${lines(loadsB, (i) => `${placeB(i)}\n${product.holdB(i)}\nvar b${i}: vec4f;`)}
  ${sums.map(({ name }) => `var ${name} = vec4f(0.0);`).join('\n')}
  {
    let slab = firstStep;
    ${loads}
    ${stores}
  }
  for (var left = endStep - firstStep; left > 0u; left--) {
    let slab = endStep - left + 1u;
    ${advance?.(loadsA) ?? ''}
    ${loads}
    ${multiply(product)}
    workgroupBarrier();
    ${stores}
  }
  ${lines(quads.length, (j) => `let column${j} = firstColumn + 4u * (threadX + ${j * acrossX}u);\n${product.holdColumn(j)}`)}
  ${sums.map(({ r, j, name }) => store(`firstRow + ${row(r)}`, j, name)).join('\n')}
}`;
  return withSubgroups(product.subgroup, code);
}

/** The product of two slabs, four steps of depth at a time. */
function multiply({ block, subgroup, alongA, alongB }: BlockedProduct): string {
  const { rows, columns, depth, threadRows, threadColumns } = block;
  const [acrossX, acrossY] = [columns / threadColumns, rows / threadRows];
  const [width, pitch] = [widthOfA(block, alongA), pitchOfB(block, alongB)];
  const quads = threadColumns / 4;
  const readRow = (r: number) => `let held${r} = slabA[readA + ${(r * acrossY * depth) / 4}u + d];`;
  const readRows = (e: number) =>
    lines(threadRows / width, (h) => {
      const at = `(4u * d + ${e}u) * ${rows / width}u + readA + ${h * acrossY}u`;
      return `let held${e}x${h} = slabA[${at}];`;
    });
  const readB = (e: number) =>
    lines(quads, (j) => `let b${e}x${j} = slabB[(4u * d + ${e}u) * ${pitch}u + threadX + ${j * acrossX}u];`);
  /** A at step `e` in row `r`, and B there in quad `j` of columns. */
  const left = (e: number, r: number) =>
    alongA === 'depth' ? `held${r}.${COMPONENTS[e]}` : `held${e}x${Math.floor(r / width)}.${COMPONENTS[r % width]}`;
  const right = (e: number, j: number) =>
    alongB === 'depth' ? `vec4f(${[0, 1, 2, 3].map((n) => `b${n}x${j}.${COMPONENTS[e]}`).join(', ')})` : `b${e}x${j}`;
  const product = (e: number, r: number) =>
    lines(quads, (j) => `sum${r}x${j} = fma(vec4f(${left(e, r)}), ${right(e, j)}, sum${r}x${j});`);
  const rowsAt = (e: number) => lines(threadRows, (r) => product(e, r));
  // One row at a time leaves more waves on AMD; all rows at once leave registers in Intel's subgroups of 8.
  const body =
    alongA === 'depth' && subgroup !== 8
      ? `${lines(4, readB)}\n${lines(threadRows, (r) => `${readRow(r)}\n${lines(4, (e) => product(e, r))}`)}`
      : `${alongA === 'depth' ? lines(threadRows, readRow) : ''}
    ${alongB === 'depth' ? lines(4, readB) : ''}
    ${lines(4, (e) => `${alongA === 'depth' ? '' : readRows(e)}\n${alongB === 'depth' ? '' : readB(e)}\n${rowsAt(e)}`)}`;
  return `for (var d = 0u; d < ${depth / 4}u; d++) {\n${body}\n}`;
}
