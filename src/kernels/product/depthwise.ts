import type { Launch, LaunchContext } from '../../tensor/backend.js';
import { grid } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import type { Tensor } from '../../tensor/tensor.js';
import { convWords } from '../wgsl/convParams.wgsl.js';
import depthwiseWgsl, { blockWidth, type DepthwiseColumns, type DepthwiseVariant } from '../wgsl/depthwise.wgsl.js';
import depthwiseWeightWgsl from '../wgsl/depthwiseWeight.wgsl.js';
import type { ConvGeometry } from './convGeometry.js';
import { type BoundEpilogue, NO_EPILOGUE } from './epilogue.js';
import { selectSplits } from './select.js';
import { sumPartials } from './sumPartials.js';

const convolutions = /* @__PURE__ */ programs('depthwise', depthwiseWgsl);
const weightGradients = /* @__PURE__ */ programs('depthwise weight', depthwiseWeightWgsl);

/** Rows of the output that a range of a weight gradient's sum keeps at least. */
const LEAST_ROWS = 4;

/** The launch of a depthwise convolution (`source` is its input) or of its gradient (`source` is the cotangent). */
export function depthwiseLaunch(
  direction: DepthwiseVariant['direction'],
  geometry: ConvGeometry,
  source: Tensor,
  filter: Tensor,
  y: Tensor,
  { epilogue, operands, eps }: BoundEpilogue = NO_EPILOGUE,
): Launch {
  const variant = { direction, lanes: lanesOf(geometry), columns: columnsOf(geometry), epilogue };
  const [, rows, columns, channels] = y.shape;
  const blocks = Math.ceil(columns / blockWidth(variant));
  return {
    program: convolutions(variant),
    read: [source, filter, ...operands],
    write: [y],
    params: convWords(geometry, 0, eps),
    grid: grid(geometry.batch * rows * blocks * (channels / variant.lanes)),
  };
}

/** The launches of a depthwise convolution's gradient for its filters. */
export function depthwiseWeightLaunches(
  geometry: ConvGeometry,
  x: Tensor,
  g: Tensor,
  df: Tensor,
  { capabilities, scratch }: LaunchContext,
): Launch[] {
  const variant = { lanes: lanesOf(geometry), columns: columnsOf(geometry) };
  const invocations = (geometry.kernel[0] * geometry.inC) / variant.lanes;
  const rows = geometry.batch * geometry.outSize[0];
  const chunk = Math.ceil(rows / selectSplits(invocations, rows, LEAST_ROWS, 4 * df.size, capabilities));
  const splits = Math.ceil(rows / chunk);
  const partial = splits > 1 ? scratch(splits * df.size) : df;
  const launch: Launch = {
    program: weightGradients(variant.lanes, variant.columns),
    read: [x, g],
    write: [partial],
    params: convWords(geometry, chunk),
    grid: grid(splits * invocations),
  };
  return splits > 1 ? [launch, sumPartials(partial, df, splits)] : [launch];
}

function lanesOf({ inC }: ConvGeometry): 1 | 4 {
  return inC % 4 === 0 ? 4 : 1;
}

function columnsOf({ kernel, stride, padding, dilation }: ConvGeometry): DepthwiseColumns {
  return { kernel: kernel[1], stride: stride[1], padding: padding[1], dilation: dilation[1] };
}
