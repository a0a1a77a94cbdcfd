import { convParams, pixelPlace } from './convParams.wgsl.js';
import { bindingAfter, type Epilogue, epilogueWgsl } from './epilogue.wgsl.js';
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
  vecColumn,
} from './tile.wgsl.js';

export interface Conv2dVariant {
  readonly tile: Tile;
  /** Input channels per group and in all are multiples of 4. */
  readonly vecC: boolean;
  /** Output channels per group and in all are multiples of 4. */
  readonly vecK: boolean;
  readonly epilogue: Epilogue;
}

/**
 * Convolution as an implicit matrix product: rows are output pixels, columns output channels, depth runs over the taps
 * and, innermost, over the input channels. Pixels outside of the image are zeros. One comparison finds them: as u32, a
 * negative coordinate is larger than any extent. Workgroup z is the channel group.
 */
export default function conv2d({ tile, vecC, vecK, epilogue }: Conv2dVariant): string {
  const y = bindingAfter(epilogue, 2);
  return /* wgsl */ `
${enableSubgroups(tile)}
${convParams}
${pixelPlace}
@group(0) @binding(0) var<storage, read> x: array<${elementType(vecC)}>;
@group(0) @binding(1) var<storage, read> filters: array<${elementType(vecK)}>;
@group(0) @binding(${y}) var<storage, read_write> y: array<${elementType(vecK)}>;
@group(0) @binding(${y + 1}) var<uniform> p: ConvParams;
${epilogueWgsl(epilogue, 2, vecK)}

${entryPoint(tile)}
  let rows = p.batch * p.outH * p.outW;
  let row0 = ${firstRow(tile, 'group.y')};
  let k = 4u * (${vecColumn(tile, 'group.x')}); // within the channel group
  let kLeft = select(0u, p.groupK - k, k < p.groupK);
  let kAt = group.z * p.groupK + min(k, p.groupK - 1u);
  let cAt = group.z * p.groupC;
  ${accumulators(tile, 'vec4f(0.0)')}
  ${heldRows(
    tile,
    (i, row) => `
  let place${i} = placeOf(min(row0 + ${row}, rows - 1u), p.outH, p.outW);
  let image${i} = place${i}.x * p.inH;
  let top${i} = i32(place${i}.y * p.strideH) - i32(p.padH);
  let left${i} = i32(place${i}.z * p.strideW) - i32(p.padW);`,
  )}
  for (var r = 0u; r < p.kernelH; r++) {
    for (var s = 0u; s < p.kernelW; s++) {
      ${heldRows(
        tile,
        (i) => `
      let h${i} = top${i} + i32(r * p.dilationH);
      let w${i} = left${i} + i32(s * p.dilationW);
      let inside${i} = (u32(h${i}) < p.inH) & (u32(w${i}) < p.inW);
      let at${i} = select(0u, ((image${i} + u32(h${i})) * p.inW + u32(w${i})) * p.inC, inside${i}) + cAt;`,
      )}
      let tap = (r * p.kernelW + s) * p.groupC;
      for (var c = 0u; c < p.groupC; c += 4u) {
        ${vecC ? '' : 'let cLeft = p.groupC - c;'}
        ${heldRows(tile, (i) => `let a${i} = select(vec4f(0.0), ${load4('x', `at${i} + c`, vecC, 'cLeft')}, inside${i});`)}
        ${lines(4, (j) => `let b${j} = ${load4('filters', `(tap + c + ${j}u) * p.outC + kAt`, vecK, 'kLeft')};`)}
        ${multiplyRows(tile)}
      }
    }
  }
  let column = columnOf(kAt, kLeft);
  ${allRows(
    tile,
    (r) => `
  if (row0 + ${r}u < rows && kLeft > 0u) {
    let at = (row0 + ${r}u) * p.outC + kAt;
    let sum = finish(acc${r}, column, at, kLeft);
    ${store4('y', 'at', 'sum', vecK, 'kLeft')}
  }`,
  )}
}`;
}
