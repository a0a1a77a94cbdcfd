import { convParams, pixelPlace } from './convParams.wgsl.js';
import {
  accumulators,
  allRows,
  elementType,
  enableSubgroups,
  entryPoint,
  firstRow,
  heldRows,
  lines,
  load4,
  multiplyRows,
  store4,
  type Tile,
  transposeColumns,
  vecColumn,
} from './tile.wgsl.js';

export interface Conv2dInputVariant {
  readonly tile: Tile;
  readonly vecC: boolean;
  readonly vecK: boolean;
}

/**
 * Gradient of a convolution for its input, `dx[n,h,w,c] = sum_rsk g[n,p,q,k] f[r,s,c,k]` with `h = p stride + r dilation - pad`.
 *
 * Rows are input pixels sorted into stride^2 classes of equal (h mod stride, w mod stride), one class per workgroup:
 * a tap then concerns either all pixels of a tile or none, and no multiplication is wasted. Workgroup z is
 * group * classes + class.
 */
export default function conv2dInput({ tile, vecC, vecK }: Conv2dInputVariant): string {
  return /* wgsl */ `
${enableSubgroups(tile)}
${convParams}
${pixelPlace}
@group(0) @binding(0) var<storage, read> g: array<${elementType(vecK)}>;
@group(0) @binding(1) var<storage, read> filters: array<${elementType(vecK)}>;
@group(0) @binding(2) var<storage, read_write> dx: array<${elementType(vecC)}>;
@group(0) @binding(3) var<uniform> p: ConvParams;

${entryPoint(tile)}
  let classes = p.strideH * p.strideW;
  let phaseH = group.z % classes / p.strideW;
  let phaseW = group.z % p.strideW;
  let channelGroup = group.z / classes;
  let rowsH = (p.inH - phaseH + p.strideH - 1u) / p.strideH;
  let rowsW = (p.inW - phaseW + p.strideW - 1u) / p.strideW;
  let rows = p.batch * rowsH * rowsW;
  let row0 = ${firstRow(tile, 'group.y')};
  let c = 4u * (${vecColumn(tile, 'group.x')}); // within the channel group
  let cLeft = select(0u, p.groupC - c, c < p.groupC);
  let cAt = min(c, p.groupC - 1u);
  let kAt = channelGroup * p.groupK;
  ${accumulators(tile, 'vec4f(0.0)')}
  ${heldRows(
    tile,
    (i, row) => `
  let place${i} = placeOf(min(row0 + ${row}, max(rows, 1u) - 1u), max(rowsH, 1u), max(rowsW, 1u));
  let image${i} = place${i}.x * p.outH;
  let top${i} = i32(place${i}.y * p.strideH + phaseH + p.padH);
  let left${i} = i32(place${i}.z * p.strideW + phaseW + p.padW);`,
  )}
  for (var r = 0u; r < p.kernelH; r++) {
    let missH = (i32(phaseH + p.padH) - i32(r * p.dilationH)) % i32(p.strideH) != 0;
    for (var s = 0u; s < p.kernelW; s++) {
      let missW = (i32(phaseW + p.padW) - i32(s * p.dilationW)) % i32(p.strideW) != 0;
      if (missH || missW) { continue; }
      ${heldRows(
        tile,
        (i) => `
      let h${i} = (top${i} - i32(r * p.dilationH)) / i32(p.strideH);
      let w${i} = (left${i} - i32(s * p.dilationW)) / i32(p.strideW);
      let inside${i} = (top${i} >= i32(r * p.dilationH)) & (h${i} < i32(p.outH)) & (left${i} >= i32(s * p.dilationW)) & (w${i} < i32(p.outW));
      let at${i} = select(0u, ((image${i} + u32(h${i})) * p.outW + u32(w${i})) * p.outC, inside${i}) + kAt;`,
      )}
      let tap = (r * p.kernelW + s) * p.groupC + cAt;
      for (var k = 0u; k < p.groupK; k += 4u) {
        ${vecK ? '' : 'let kLeft = p.groupK - k;'}
        ${heldRows(tile, (i) => `let a${i} = select(vec4f(0.0), ${load4('g', `at${i} + k`, vecK, 'kLeft')}, inside${i});`)}
        ${lines(4, (j) => `let c${j} = ${load4('filters', `(tap + ${j}u) * p.outC + kAt + k`, vecK, 'kLeft')};`)}
        ${transposeColumns()}
        ${multiplyRows(tile)}
      }
    }
  }
  ${heldRowStores(tile, vecC)}
}`;
}

/** Rows of a class are scattered over the image, so each row of the tile works out where it goes. */
function heldRowStores(tile: Tile, vecC: boolean): string {
  return allRows(
    tile,
    (r) => `
  if (row0 + ${r}u < rows && cLeft > 0u) {
    let place = placeOf(row0 + ${r}u, rowsH, rowsW);
    let h = place.y * p.strideH + phaseH;
    let w = place.z * p.strideW + phaseW;
    let to = ((place.x * p.inH + h) * p.inW + w) * p.inC + channelGroup * p.groupC + cAt;
    ${store4('dx', 'to', `acc${r}`, vecC, 'cLeft')}
  }`,
  );
}
