import { convParams, pixelPlace } from './convParams.wgsl.js';
import { filterRow, goOn, lookFrom, shiftOf, startWalk, walkStep } from './pixelWalk.wgsl.js';
import {
  elementType,
  enableSubgroups,
  entryPoint,
  lines,
  load4,
  store4,
  type Tile,
  tilesPerGroup,
  vecColumn,
} from './tile.wgsl.js';
import { COMPONENTS } from './vec4.wgsl.js';

export interface Conv2dWeightVariant {
  readonly tile: Pick<Tile, 'lanes' | 'across'>;
  /** Rows run over taps and channels together: for groups of fewer channels than a tile has rows. */
  readonly narrow: boolean;
  readonly vecC: boolean;
  readonly vecK: boolean;
}

/** Rows of the filter, input channels of a tap, per tile. */
export const WEIGHT_ROWS = 16;

/**
 * Gradient of a convolution for its filters, `df[r,s,c,k] = sum_npq x[n,h,w,c] g[n,p,q,k]`, for a range of output pixels.
 *
 * A tile is 16 rows x one vec4 column of output channels per lane. Per block of `lanes` pixels each lane loads what its
 * own pixel gives to the 16 rows, and the lanes broadcast it to each other. The rows are input channels of one tap. With
 * `narrow` they are any 16 rows in turn of the filter's `R S C`, each with its own tap; otherwise an image of three
 * channels would leave 13 rows of 16 empty. The depth (all pixels) is split over workgroups; partial sums go to
 * `partial[split, r, s, c, k]` and a second stage adds them in a fixed order. Workgroup y is channel tile * taps + tap,
 * or row tile; z is group * splits + split.
 */
export default function conv2dWeight({ tile, narrow, vecC: aligned, vecK }: Conv2dWeightVariant): string {
  const { lanes } = tile;
  const single = lanes === 1;
  const vecs = WEIGHT_ROWS / 4;
  const vecC = aligned && !narrow;
  // Without subgroups, 8 x 8 invocations share a workgroup: x along columns, y along row tiles.
  const rowTile = single ? `rowGroup * ${tilesPerGroup(tile).down}u + local.y` : 'rowGroup';
  const full: Tile = { ...tile, rowsPerLane: 1 };
  return /* wgsl */ `
${enableSubgroups(full)}
${convParams}
${pixelPlace}
@group(0) @binding(0) var<storage, read> x: array<${elementType(vecC)}>;
@group(0) @binding(1) var<storage, read> g: array<${elementType(vecK)}>;
@group(0) @binding(2) var<storage, read_write> partial: array<${elementType(vecK)}>;
@group(0) @binding(3) var<uniform> p: ConvParams;

${entryPoint(full)}
  let pixels = p.batch * p.outH * p.outW;
  let splits = (pixels + p.chunk - 1u) / p.chunk;
  let channelGroup = group.z / splits;
  let splitId = group.z % splits;
  let taps = p.kernelH * p.kernelW;
  let tapTile = group.y;
  let k = 4u * (${vecColumn(full, 'group.x')});
  let kLeft = select(0u, p.groupK - k, k < p.groupK);
  let kAt = channelGroup * p.groupK + min(k, p.groupK - 1u);
  ${(narrow ? rowsOfAllTaps : rowsOfOneTap)(rowTile)}
  ${lines(WEIGHT_ROWS, (r) => `var acc${r} = vec4f(0.0);`)}
  let end = min((splitId + 1u) * p.chunk, pixels);
  ${startWalk('splitId * p.chunk + lane')}
  ${walkStep(lanes)}
  for (var pixel = splitId * p.chunk; pixel < end; pixel += ${lanes}u) {
    ${narrow ? loadOfAllTaps() : loadOfOneTap(vecC)}
    ${lines(lanes, (l) => `let b${l} = ${load4('g', `min(pixel + ${l}u, end - 1u) * p.outC + kAt`, vecK, 'kLeft')};`)}
    ${lines(vecs, (v) => outerProducts(v, lanes))}
    ${goOn}
  }
  let size = taps * p.groupC * p.outC;
  ${lines(
    WEIGHT_ROWS,
    (r) =>
      `if (${r}u < rowsLeft && kLeft > 0u) { ${store4('partial', `splitId * size + (firstRow + ${r}u) * p.outC + kAt`, `acc${r}`, vecK, 'kLeft')} }`,
  )}
}`;
}

/** The rows of a tile, `firstRow` and the next ones of the filter's as far as `rowsLeft`: channels of one tap. */
function rowsOfOneTap(rowTile: string): string {
  return /* wgsl */ `
  let tap = tapTile % taps;
  let rowGroup = tapTile / taps;
  let c = (${rowTile}) * ${WEIGHT_ROWS}u; // within the channel group
  let cAt = channelGroup * p.groupC + c;
  let firstRow = tap * p.groupC + c;
  let rowsLeft = select(0u, p.groupC - c, c < p.groupC);
  ${shiftOf('', 'tap')}`;
}

/** `a0, a1, ...`: what the lane's pixel gives to the rows. */
function loadOfOneTap(vecC: boolean): string {
  return /* wgsl */ `
    ${lookFrom('', 'pixel + lane < end')}
    ${lines(WEIGHT_ROWS / 4, (v) => `let a${v} = select(vec4f(0.0), ${load4('x', `at + ${4 * v}u`, vecC, `rowsLeft - min(rowsLeft, ${4 * v}u)`)}, inside && ${4 * v}u < rowsLeft);`)}`;
}

/** The same of rows with taps of their own. */
function rowsOfAllTaps(rowTile: string): string {
  return /* wgsl */ `
  let rowGroup = tapTile;
  let rows = taps * p.groupC;
  let firstRow = (${rowTile}) * ${WEIGHT_ROWS}u;
  let rowsLeft = select(0u, rows - firstRow, firstRow < rows);
  ${lines(WEIGHT_ROWS, (r) => filterRow(`${r}`, `firstRow + ${r}u`))}`;
}

function loadOfAllTaps(): string {
  return /* wgsl */ `
    ${lines(WEIGHT_ROWS, (r) => lookFrom(`${r}`, 'pixel + lane < end'))}
    ${lines(WEIGHT_ROWS / 4, (v) => `let a${v} = vec4f(${[0, 1, 2, 3].map((j) => `select(0.0, x[at${4 * v + j}], inside${4 * v + j})`).join(', ')});`)}`;
}

/**
 * Adds the products of four input channels with the output channels, over the block's pixels. All pixels of one
 * accumulator come in a row: it then stays in a register instead of going to memory and back for every pixel.
 */
function outerProducts(v: number, lanes: number): string {
  const pixels = Array.from({ length: lanes }, (_, l) => l);
  const shared = pixels.map((l) => `let a${v}l${l} = ${lanes > 1 ? `subgroupBroadcast(a${v}, ${l}u)` : `a${v}`};`);
  const products = COMPONENTS.flatMap((component, j) =>
    pixels.map((l) => `acc${4 * v + j} = fma(vec4f(a${v}l${l}.${component}), b${l}, acc${4 * v + j});`),
  );
  return [...shared, ...products].join('\n');
}
