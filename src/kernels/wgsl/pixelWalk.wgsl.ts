/**
 * What the kernels of a filter's gradient share. A walk over the pixels of the output, as (image, line, place), adds its
 * step with carries, because divisions are slow. And each row of the filter, which is a tap and an input channel, finds
 * its element of the image from a pixel. Names end in what tells several walks and rows of one invocation apart.
 */

/** The step of all walks, in pixels. */
export function walkStep(pixels: number): string {
  return /* wgsl */ `
  let stepImage = ${pixels}u / (p.outH * p.outW);
  let stepLine = ${pixels}u / p.outW % p.outH;
  let stepPlace = ${pixels}u % p.outW;`;
}

export function startWalk(walk: string, pixel: string): string {
  return /* wgsl */ `
  var image${walk} = (${pixel}) / (p.outH * p.outW);
  var line${walk} = (${pixel}) / p.outW % p.outH;
  var place${walk} = (${pixel}) % p.outW;`;
}

export function goOn(walk: string): string {
  return /* wgsl */ `
    place${walk} += stepPlace;
    let nextLine${walk} = place${walk} >= p.outW;
    place${walk} -= select(0u, p.outW, nextLine${walk});
    line${walk} += stepLine + u32(nextLine${walk});
    let nextImage${walk} = line${walk} >= p.outH;
    line${walk} -= select(0u, p.outH, nextImage${walk});
    image${walk} += stepImage + u32(nextImage${walk});`;
}

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
 * `at`, the element that the filter's row (or tap) `name` finds from the pixel of a walk, and whether it is `inside`. One
 * comparison per axis is enough: as u32, a negative coordinate is larger than any extent. The comparisons are joined by
 * `&`, not by `&&`, which is a branch: sixteen of those in a loop keep SwiftShader's compiler busy for minutes.
 */
export function lookFrom(walk: string, name: string, counts: string): string {
  return /* wgsl */ `
    let h${name} = i32(line${walk} * p.strideH) + shiftH${name};
    let w${name} = i32(place${walk} * p.strideW) + shiftW${name};
    let inside${name} = (${counts}) & (u32(h${name}) < p.inH) & (u32(w${name}) < p.inW);
    let at${name} = select(0u, ((image${walk} * p.inH + u32(h${name})) * p.inW + u32(w${name})) * p.inC + cAt${name}, inside${name});`;
}
