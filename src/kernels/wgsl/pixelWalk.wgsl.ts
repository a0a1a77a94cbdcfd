/**
 * What the kernels of a filter's gradient share. A walk over the pixels of the output, as (image, line, place), adds its
 * step with carries, because divisions are slow. And each row of the filter, which is a tap and an input channel, finds
 * its element of the image from a pixel. Names end in what tells several rows of one invocation apart.
 */

/** From pixel to pixel: `stepBy` is the place that many pixels on, and so is the step of `image`, `line` and `place`. */
export function walkStep(pixels: number): string {
  return /* wgsl */ `let stepBy = vec3u(${pixels}u / (p.outH * p.outW), ${pixels}u / p.outW % p.outH, ${pixels}u % p.outW);`;
}

export function startWalk(pixel: string): string {
  return /* wgsl */ `
  let start = placeOf(${pixel}, p.outH, p.outW);
  var image = start.x;
  var line = start.y;
  var place = start.z;`;
}

export const goOn = /* wgsl */ `
    place += stepBy.z;
    let nextLine = place >= p.outW;
    place -= select(0u, p.outW, nextLine);
    line += stepBy.y + u32(nextLine);
    let nextImage = line >= p.outH;
    line -= select(0u, p.outH, nextImage);
    image += stepBy.x + u32(nextImage);`;

/** A tap's shift in the image. */
export function shiftOf(name: string, tap: string): string {
  return /* wgsl */ `
  let shiftH${name} = i32(${tap} / p.kernelW * p.dilationH) - i32(p.padH);
  let shiftW${name} = i32(${tap} % p.kernelW * p.dilationW) - i32(p.padW);`;
}

/** A row of the filter, the last of the `rows` for those beyond it: its shift, and its channel of the image. */
export function filterRow(name: string, row: string): string {
  return /* wgsl */ `
  let filterRow${name} = min(${row}, rows - 1u);
  let cAt${name} = channelGroup * p.groupC + filterRow${name} % p.groupC;
  ${shiftOf(name, `(filterRow${name} / p.groupC)`)}`;
}

/**
 * `at`, the element that the filter's row (or tap) `name` finds from the walk's pixel, and whether it is `inside`. One
 * comparison per axis is enough: as u32, a negative coordinate is larger than any extent. The comparisons are joined by
 * `&`, not by `&&`, which is a branch: sixteen of those in a loop keep SwiftShader's compiler busy for minutes.
 */
export function lookFrom(name: string, counts: string): string {
  return /* wgsl */ `
    let h${name} = i32(line * p.strideH) + shiftH${name};
    let w${name} = i32(place * p.strideW) + shiftW${name};
    let inside${name} = (${counts}) & (u32(h${name}) < p.inH) & (u32(w${name}) < p.inW);
    let at${name} = select(0u, ((image * p.inH + u32(h${name})) * p.inW + u32(w${name})) * p.inC + cAt${name}, inside${name});`;
}
