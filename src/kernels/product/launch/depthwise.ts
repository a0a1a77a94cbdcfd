import type { Capabilities } from '../../../tensor/backend.js';
import { grid } from '../../../tensor/grid.js';
import { programs } from '../../../tensor/programs.js';
import type { Tensor } from '../../../tensor/tensor.js';
import depthwiseWgsl, {
  blockWidth,
  type DepthwiseColumns,
  type DepthwiseVariant,
  depthwiseTerms,
} from '../../wgsl/depthwise.wgsl.js';
import depthwiseWeightWgsl, { WEIGHT_WIDTH } from '../../wgsl/depthwiseWeight.wgsl.js';
import type { ConvGeometry } from '../convGeometry.js';
import { hardwareOf } from './hardware.js';
import { cutInto, type ProductKernel, WHOLE } from './launchProduct.js';
import { selectSplits } from './select.js';

const convolutions = /* @__PURE__ */ programs('depthwise', depthwiseWgsl);
const weightGradients = /* @__PURE__ */ programs('depthwise weight', depthwiseWeightWgsl);

/** Where registers hold fewer sums of an invocation than this, four vec4s are too many. */
const FEW_SUMS = 16;
/** Rows of the output that a range of a weight gradient's sum keeps at least. */
const LEAST_ROWS = 4;

/** The kernel of a depthwise convolution, or of its gradient for the input. */
export function depthwiseKernel(
  direction: DepthwiseVariant['direction'],
  geometry: ConvGeometry,
  y: Tensor,
  capabilities: Capabilities,
): ProductKernel {
  const { narrowSubgroup: subgroup } = capabilities;
  const width = hardwareOf(capabilities).accumulators < FEW_SUMS ? 2 : 4;
  const variant = { direction, lanes: lanesOf(geometry), columns: columnsOf(geometry, direction, width), subgroup };
  const [, rows, columns, channels] = y.shape;
  const across = Math.ceil(columns / blockWidth(variant));
  return {
    ...WHOLE,
    program: (epilogue) => convolutions({ ...variant, epilogue }),
    grid: grid(geometry.batch * rows * across * (channels / variant.lanes)),
  };
}

/** The kernel of a depthwise convolution's gradient for its filters. */
export function depthwiseWeightKernel(geometry: ConvGeometry, df: Tensor, capabilities: Capabilities): ProductKernel {
  const lanes = lanesOf(geometry);
  const invocations = (geometry.kernel[0] * geometry.inC) / lanes;
  const rows = geometry.batch * geometry.outSize[0];
  const ranges = cutInto(selectSplits(invocations, rows, LEAST_ROWS, 4 * df.size, capabilities), rows);
  return {
    ...ranges,
    program: () =>
      weightGradients({
        ...{ lanes, columns: columnsOf(geometry, 'forward', WEIGHT_WIDTH), tail: tailOf(geometry) },
        subgroup: capabilities.narrowSubgroup,
      }),
    grid: grid(ranges.parts * invocations),
  };
}

function lanesOf({ inC }: ConvGeometry): 1 | 4 {
  return inC % 4 === 0 ? 4 : 1;
}

function columnsOf(geometry: ConvGeometry, direction: DepthwiseVariant['direction'], width: number): DepthwiseColumns {
  const { kernel, stride, padding, dilation, inSize, outSize } = geometry;
  const columns = { kernel: kernel[1], stride: stride[1], padding: padding[1], dilation: dilation[1], width };
  const reading = { direction, columns };
  const across = blockWidth(reading);
  const forward = direction === 'forward';
  const [source, target] = forward ? [inSize[1], outSize[1]] : [outSize[1], inSize[1]];
  const lastBlock = (Math.ceil(target / across) - 1) * across;
  const left = source - (forward ? lastBlock * stride[1] : lastBlock / stride[1]);
  const farthest = Math.max(...depthwiseTerms(reading).map(({ offset }) => offset));
  const rows = { rowStride: stride[0], rowDilation: dilation[0] };
  return { ...columns, ...rows, inside: Math.max(0, Math.min(left, farthest + 1)) };
}

/** Output columns of a row's last block. */
function tailOf({ outSize: [, columns] }: ConvGeometry): number {
  return columns % WEIGHT_WIDTH || WEIGHT_WIDTH;
}
