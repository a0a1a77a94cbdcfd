import { defineMultiOp, firstOrderOnly, type Op } from '../../autograd/op.js';
import { DeviceError, ShapeError } from '../../errors.js';
import { programs } from '../../tensor/programs.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { FlowMap } from '../wgsl/flowForward.wgsl.js';
import { flowPointsWgsl } from '../wgsl/flowPoints.wgsl.js';
import { flowWeightsWgsl, unitsOf } from '../wgsl/flowWeights.wgsl.js';
import { type FlowAttrs, networkCount } from './flowShape.js';
import { flowWords, paddedPoints, pointTile, selectWeightTile, tileGroups } from './selectFlow.js';

const points = /* @__PURE__ */ programs('flowGrad points', flowPointsWgsl);
const weights = /* @__PURE__ */ programs('flowGrad weights', flowWeightsWgsl);

export interface FlowGradAttrs extends FlowAttrs {
  readonly map: FlowMap;
}

/**
 * @internal The gradient of `flowLogProb` or `flowMove` in two dispatches: one over points, one over weights.
 *
 * @param states [couplings, 2 D, n], the by-product of the op
 * @param flat the flow's parameters
 * @param gLog [n], cotangent of log p or of log |det|
 * @param gMoved [n, D], cotangent of the moved points; not for `logProb`, where it follows from the density
 * @returns cotangents of the points [n, D] and of the parameters
 */
export const flowGrad: Op<
  [states: Tensor, flat: Tensor, gLog: Tensor, gMoved?: Tensor | Partial<FlowGradAttrs>],
  FlowGradAttrs,
  readonly [dPoints: Tensor, dFlat: Tensor]
> = /* @__PURE__ */ defineMultiOp({
  name: 'flowGrad',
  arity: [3, 4],
  attrs: { dims: 2, hidden: 64, masks: [], scaleBound: 1, activation: 'leakyRelu', map: 'logProb' },
  shape: ([states, flat, gLog, gMoved], { dims, masks, map }) => {
    const n = states.shape[2];
    const rows = states.shape[0] === masks.length && states.shape[1] === 2 * dims && gLog.shape[0] === n;
    const moved = map === 'logProb' ? !gMoved : gMoved?.shape[0] === n && gMoved.shape[1] === dims;
    if (!rows || !moved) {
      throw new ShapeError(
        `flowGrad: ${map} wants states [${masks.length}, ${2 * dims}, n], gLog [n]` +
          `${map === 'logProb' ? '' : ` and gMoved [n, ${dims}]`}; got ${[states, flat, gLog, gMoved].map((t) => (t ? formatShape(t.shape) : 'nothing')).join(', ')}`,
      );
    }
    return [{ shape: [n, dims], dtype: 'float32' }, flat];
  },
  reference() {
    throw new DeviceError('flowGrad: has no float64 form; there the gradient is that of the composed flow');
  },
  launches([states, flat, gLog, gMoved], [dPoints, dFlat], attrs, { capabilities, scratch }) {
    const { dims, hidden, activation, map } = attrs;
    const [n] = gLog.shape;
    const nets = networkCount(attrs);
    const tile = pointTile(capabilities, hidden, n);
    const weightTile = selectWeightTile(tile, capabilities);
    const units = scratch(2 * nets * paddedPoints(n, tile) * hidden);
    const outs = scratch(nets * dims * n);
    const params = flowWords(n, attrs, tile);
    return [
      {
        program: points({ dims, hidden, activation, tile }, map),
        read: [states, flat, gLog, ...(map === 'logProb' ? [] : [gMoved])],
        write: [dPoints, units, outs],
        params,
        grid: [tileGroups(n, tile), 1, 1],
      },
      {
        program: weights({ dims, hidden, activation, tile: weightTile }),
        read: [states, flat, units, outs],
        write: [dFlat],
        params,
        grid: [hidden / unitsOf(weightTile), nets, 1],
      },
    ];
  },
  vjp: (_, { inputs }) => inputs.map(() => firstOrderOnly('flowGrad')),
  keep: { inputs: [], outputs: [] },
});
