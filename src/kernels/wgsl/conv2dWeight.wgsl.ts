import { convParams } from './convParams.wgsl.js';
import { elementType, enableSubgroups, entryPoint, lines, load4, store4, type Tile, vecColumn } from './tile.wgsl.js';

export interface Conv2dWeightVariant {
  readonly tile: Pick<Tile, 'lanes'>;
  readonly vecC: boolean;
  readonly vecK: boolean;
}

/** Input channels per tile. */
export const WEIGHT_ROWS = 16;

/**
 * Gradient of a convolution for its filters, `df[r,s,c,k] = sum_npq x[n,h,w,c] g[n,p,q,k]`, for a range of output pixels.
 *
 * A tile is 16 input channels x one vec4 column of output channels per lane, for one tap. Per block of `lanes` pixels each
 * lane loads its own pixel's 16 channels, and the lanes broadcast them to each other. The depth (all pixels) is split over
 * workgroups; partial sums go to `partial[split, r, s, c, k]` and a second stage adds them in a fixed order.
 * Workgroup y is channel tile * taps + tap, z is group * splits + split.
 */
export default function conv2dWeight({ tile, vecC, vecK }: Conv2dWeightVariant): string {
  const { lanes } = tile;
  const single = lanes === 1;
  const vecs = WEIGHT_ROWS / 4;
  // Without subgroups, 8 x 8 invocations share a workgroup: x along columns, y along row tiles.
  const rowTile = single ? 'rowGroup * 8u + local.y' : 'rowGroup';
  const full: Tile = { lanes, rowsPerLane: 1 };
  return /* wgsl */ `
${enableSubgroups(full)}
${convParams}
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
  let tapTile = group.y + p.base;
  let tap = tapTile % taps;
  let rowGroup = tapTile / taps;
  let c = (${rowTile}) * ${WEIGHT_ROWS}u; // within the channel group, as is k
  let k = 4u * (${vecColumn(full, 'group.x')});
  let kLeft = select(0u, p.groupK - k, k < p.groupK);
  let kAt = channelGroup * p.groupK + min(k, p.groupK - 1u);
  let cAt = channelGroup * p.groupC + c;
  let cLeft = select(0u, p.groupC - c, c < p.groupC);
  let shiftH = i32(tap / p.kernelW * p.dilationH) - i32(p.padH);
  let shiftW = i32(tap % p.kernelW * p.dilationW) - i32(p.padW);
  ${lines(WEIGHT_ROWS, (r) => `var acc${r} = vec4f(0.0);`)}
  let end = min((splitId + 1u) * p.chunk, pixels);
  // The lane's own pixel as (image, row, column); the loop adds its step to it with carries, as divisions are slow.
  let first = splitId * p.chunk + lane;
  var image = first / (p.outH * p.outW);
  var row = first / p.outW % p.outH;
  var column = first % p.outW;
  let stepImage = ${lanes}u / (p.outH * p.outW);
  let stepRow = ${lanes}u / p.outW % p.outH;
  let stepColumn = ${lanes}u % p.outW;
  for (var pixel = splitId * p.chunk; pixel < end; pixel += ${lanes}u) {
    let h = i32(row * p.strideH) + shiftH;
    let w = i32(column * p.strideW) + shiftW;
    let inside = pixel + lane < end && h >= 0 && h < i32(p.inH) && w >= 0 && w < i32(p.inW);
    let at = select(0u, ((image * p.inH + u32(h)) * p.inW + u32(w)) * p.inC + cAt, inside);
    ${lines(vecs, (v) => `let a${v} = select(vec4f(0.0), ${load4('x', `at + ${4 * v}u`, vecC, `cLeft - min(cLeft, ${4 * v}u)`)}, inside && ${4 * v}u < cLeft);`)}
    ${lines(lanes, (l) => `let b${l} = ${load4('g', `min(pixel + ${l}u, end - 1u) * p.outC + kAt`, vecK, 'kLeft')};`)}
    ${lines(vecs, (v) => outerProducts(v, lanes))}
    column += stepColumn;
    let carryRow = column >= p.outW;
    column -= select(0u, p.outW, carryRow);
    row += stepRow + u32(carryRow);
    let carryImage = row >= p.outH;
    row -= select(0u, p.outH, carryImage);
    image += stepImage + u32(carryImage);
  }
  let size = taps * p.groupC * p.outC;
  ${lines(
    WEIGHT_ROWS,
    (r) =>
      `if (${r}u < cLeft && kLeft > 0u) { ${store4('partial', `splitId * size + (tap * p.groupC + c + ${r}u) * p.outC + kAt`, `acc${r}`, vecK, 'kLeft')} }`,
  )}
}`;
}

/**
 * Adds the products of four input channels with the output channels, over the block's pixels. All pixels of one
 * accumulator come in a row: it then stays in a register instead of going to memory and back for every pixel.
 */
function outerProducts(v: number, lanes: number): string {
  const pixels = Array.from({ length: lanes }, (_, l) => l);
  const shared = pixels.map((l) => `let a${v}l${l} = ${lanes > 1 ? `subgroupBroadcast(a${v}, ${l}u)` : `a${v}`};`);
  const products = ['x', 'y', 'z', 'w'].flatMap((component, j) =>
    pixels.map((l) => `acc${4 * v + j} = fma(vec4f(a${v}l${l}.${component}), b${l}, acc${4 * v + j});`),
  );
  return [...shared, ...products].join('\n');
}
