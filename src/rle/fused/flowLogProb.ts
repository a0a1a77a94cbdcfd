import { vjp } from '../../autograd/grad.js';
import { defineMultiOp, defineOp, type Op, once, type TensorSpec } from '../../autograd/op.js';
import { isRecording } from '../../autograd/tape.js';
import { ShapeError } from '../../errors.js';
import { flatten, unflatten } from '../../kernels/layout/flatten.js';
import type { Launch, LaunchContext } from '../../tensor/backend.js';
import { programs } from '../../tensor/programs.js';
import { formatShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { couplingFlow } from '../flows/couplingFlow.js';
import type { Flow } from '../flows/flow.js';
import { affine } from '../flows/transforms.js';
import { type FlowMap, flowForwardWgsl } from '../wgsl/flowForward.wgsl.js';
import { flowGrad } from './flowGrad.js';
import { type FlowAttrs, networkCount, networkLayout, type RealNvpParams } from './flowShape.js';
import { onReference } from './onReference.js';
import { flowWords, pointTile, tileGroups } from './selectFlow.js';

const forwards = /* @__PURE__ */ programs('flow', flowForwardWgsl);

const DEFAULTS: FlowAttrs = { dims: 2, hidden: 64, masks: [], scaleBound: 1, activation: 'leakyRelu' };

/**
 * @internal The log-density of a RealNVP in one dispatch: `log N(z; 0, I) + log |det dz/dx|`, z = f^-1(x), over all couplings.
 *
 * Its gradient is two dispatches; second derivatives differentiate the composed form.
 *
 * @param points [n, D], D <= 4
 * @param flat a RealNVP's parameters, `flatten`ed: networks with two hidden layers of the same width
 * @returns [n]
 */
export const flowLogProb: Op<[points: Tensor, flat: Tensor], FlowAttrs> = /* @__PURE__ */ defineOp({
  name: 'flowLogProb',
  arity: 2,
  attrs: DEFAULTS,
  shape: ([points, flat], attrs) => {
    const [n] = checkFlow('flowLogProb', points, flat, attrs);
    return [{ shape: [n], dtype: 'float32' }, statesSpec(n, attrs)];
  },
  // The states stay empty, because no gradient reads them on the reference.
  reference: (inputs, [logProb], attrs) =>
    onReference(inputs, [logProb], ([points, flat]) => [composed(attrs).logProb(unflattenFlow(flat, attrs), points)]),
  launches: ([points, flat], outputs, attrs, context) => [
    forwardLaunch(points, flat, outputs, attrs, 'logProb', context),
  ],
  vjp: (g, { inputs: [points, flat], outputs: [, states], attrs, places }) => {
    const gradients = once(() =>
      isComposed(points)
        ? vjp(([x, f]) => composed(attrs).logProb(unflattenFlow(f, attrs), x), [points, flat], g)[1]
        : flowGrad.apply([states, flat, g], { ...attrs, map: 'logProb' }, places),
    );
    return [() => gradients()[0], () => gradients()[1]];
  },
  keep: { inputs: [0, 1], outputs: [1] },
});

export interface FlowMoveAttrs extends FlowAttrs {
  /** `forward`: base to data; `inverse`: data to base. */
  readonly map: Exclude<FlowMap, 'logProb'>;
}

/**
 * @internal The maps of a RealNVP in one dispatch; gradients as for `flowLogProb`.
 *
 * @param points [n, D]; `flat` as for `flowLogProb`
 * @returns moved points [n, D] and log |det| of the map [n]
 */
export const flowMove: Op<[points: Tensor, flat: Tensor], FlowMoveAttrs, readonly [moved: Tensor, logDet: Tensor]> =
  /* @__PURE__ */ defineMultiOp({
    name: 'flowMove',
    arity: 2,
    attrs: { ...DEFAULTS, map: 'inverse' },
    shape: ([points, flat], attrs) => {
      const [n] = checkFlow('flowMove', points, flat, attrs);
      return [points, { shape: [n], dtype: 'float32' }, statesSpec(n, attrs)];
    },
    reference: (inputs, [moved, logDet], attrs) =>
      onReference(inputs, [moved, logDet], ([points, flat]) => [
        ...composed(attrs)[attrs.map](unflattenFlow(flat, attrs), points),
      ]),
    launches: ([points, flat], outputs, attrs, context) => [
      forwardLaunch(points, flat, outputs, attrs, attrs.map, context),
    ],
    vjp: ([gMoved, gLogDet], { inputs: [points, flat], outputs: [moved, logDet, states], attrs, places }) => {
      const { device } = points;
      const gradients = once(() => {
        const cotangents = [gMoved ?? device.zeros(moved.shape), gLogDet ?? device.zeros(logDet.shape)];
        const move = ([x, f]: Tensor[]): Tensor[] => [...composed(attrs)[attrs.map](unflattenFlow(f, attrs), x)];
        if (isComposed(points)) return vjp(move, [points, flat], cotangents)[1];
        return flowGrad.apply([states, flat, cotangents[1], cotangents[0]], attrs, places);
      });
      return [() => gradients()[0], () => gradients()[1]];
    },
    keep: { inputs: [0, 1], outputs: [2] },
    byProducts: 1,
  });

/**
 * A flow's parameters in the order that `unflattenFlow` expects; a tree read from a file may have its keys in any
 * order.
 */
export function flattenFlow({ t, s }: RealNvpParams): Tensor {
  // The keys of a network are numbers, which records keep in order themselves.
  const inOrder = (nets: typeof t) => nets.map((net) => Object.values(net).map(({ weight, bias }) => [weight, bias]));
  return flatten([inOrder(t), inOrder(s)]);
}

/** The parameters' tree from their flat form, as ops. */
export function unflattenFlow(flat: Tensor, attrs: FlowAttrs): RealNvpParams {
  const { shapes, w0, b0, w1, b1, w2, b2, length } = networkLayout(attrs);
  const network = (net: number) => {
    const at = [w0, b0, w1, b1, w2, b2].map((offset) => net * length + offset);
    const [weight0, bias0, weight1, bias1, weight2, bias2] = shapes.map((shape, i) => unflatten(flat, shape, at[i]));
    return {
      0: { weight: weight0, bias: bias0 },
      2: { weight: weight1, bias: bias1 },
      4: { weight: weight2, bias: bias2 },
    };
  };
  const count = attrs.masks.length;
  return { t: attrs.masks.map((_, c) => network(c)), s: attrs.masks.map((_, c) => network(count + c)) };
}

/** The flow that the kernels compute, as ops. */
function composed({ dims, hidden, masks, scaleBound, activation }: FlowAttrs): Flow<RealNvpParams> {
  const shape = { dims, hidden, couplings: masks.length, masks, activation };
  return couplingFlow({ ...shape, transform: affine(scaleBound) });
}

/** Whether the composed form is needed: the gradient's kernels have no derivative, and the reference has no kernels. */
function isComposed({ device }: Tensor): boolean {
  return isRecording() || device.capabilities.tier === 'reference';
}

function statesSpec(n: number, { dims, masks }: FlowAttrs): TensorSpec {
  return { shape: [masks.length, 2 * dims, n], dtype: 'float32' };
}

function checkFlow(name: string, points: TensorSpec, flat: TensorSpec, attrs: FlowAttrs): readonly [n: number] {
  const { dims, masks } = attrs;
  const length = networkCount(attrs) * networkLayout(attrs).length;
  if (points.shape.length !== 2 || points.shape[1] !== dims || flat.shape.length !== 1 || flat.shape[0] !== length) {
    throw new ShapeError(
      `${name}: a flow of ${masks.length} couplings over R^${dims} wants points [n, ${dims}] and parameters [${length}], ` +
        `got ${formatShape(points.shape)} and ${formatShape(flat.shape)}; flatten the parameters of one flow`,
    );
  }
  return [points.shape[0]];
}

function forwardLaunch(
  points: Tensor,
  flat: Tensor,
  outputs: readonly Tensor[],
  attrs: FlowAttrs,
  map: FlowMap,
  { capabilities }: LaunchContext,
): Launch {
  const { dims, hidden, activation } = attrs;
  const [n] = points.shape;
  const tile = pointTile(capabilities, hidden, n);
  return {
    program: forwards({ dims, hidden, activation, tile }, map),
    read: [points, flat],
    write: [...outputs],
    params: flowWords(n, attrs, tile),
    grid: [tileGroups(n, tile), 1, 1],
  };
}
