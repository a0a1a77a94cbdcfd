import { type OnnxModel, type OnnxValue, OPSET } from '../formats/onnx.js';
import { jointsOf } from '../predict/jointsOf.js';
import { backboneLayers } from './backboneLayers.js';
import { describeBackbone } from './backboneShape.js';
import type { Conventions, MapDecoding } from './conventions.js';
import { heatmapLayers } from './heatmapLayers.js';
import { requirePoseNetwork } from './networkOf.js';
import { OnnxGraph } from './onnxGraph.js';
import type { PoseCheckpoint } from './poseCheckpoint.js';
import { inputInWords, outputInWords } from './preprocessingText.js';

/** The epsilon of the head, in float32. */
const NORM_EPSILON = 1e-12;

/**
 * A checkpoint's network as an ONNX model, without the flow, which only the loss needs. From `images` [batch, 3, H, W]
 * it computes `mu` [batch, K, D], or `maps` [batch, K, H / s, W / s] where their peaks are the joints, and `sigma`
 * [batch, K, D] where the network has it. Coordinates are in the units of the conventions.
 * @param shift of the density of the network's errors (see `ErrorDensity`): `mu` is moved by it
 * @throws DataError where wgrad does not know the backbone or there is no head
 */
export function onnxNetwork(checkpoint: PoseCheckpoint, shift?: readonly number[]): OnnxModel {
  const { path, architecture, conventions, state } = checkpoint;
  requirePoseNetwork(path, architecture);
  const { backbone, maps, sigma, joints, dims } = architecture;
  const [height, width] = conventions.size;
  const graph = new OnnxGraph(state);
  const features = backboneLayers(graph, backbone, 'images');
  const outputs: OnnxValue[] = [];
  const output = (name: string, from: string, shape: readonly number[], doc: string) => {
    graph.node(name, 'Identity', [from]);
    outputs.push({ name, shape: ['batch', ...shape], doc });
  };
  const pool = () =>
    graph.node('features', 'Flatten', [graph.node('pooled', 'GlobalAveragePool', [features])], { axis: 1 });
  const points = (x: string, name: string) =>
    graph.node(`${name}.points`, 'Reshape', [graph.linear(x, name), graph.integers('head.shape', 0, joints, dims)]);

  const pooled = maps && !sigma ? '' : pool();
  const scales = sigma ? graph.node('sigmas', 'Sigmoid', [points(pooled, 'fc_sigma.linear')]) : '';
  const moved = (mu: string) => {
    if (!shift || !scales) return mu;
    const by = graph.constant('shift', { shape: [shift.length], data: Float32Array.from(shift) });
    return graph.node('mu.moved', 'Sub', [mu, graph.node('mu.shift', 'Mul', [scales, by])]);
  };
  if (maps) {
    const made = heatmapLayers(graph, features, maps, backbone.channels, joints);
    const size = mapSize(conventions, backbone.kind === 'hrnet' ? 4 : 32, maps.doublings);
    const decoding = conventions.maps as MapDecoding;
    if (decoding.decode === 'peak') output('maps', made, [joints, ...size], 'a heatmap of each joint');
    else output('mu', moved(meanOf(graph, made, { ...decoding, joints, size, conventions })), [joints, 2], COORDINATES);
  } else {
    const x = conventions.normalise ? direction(graph, pooled) : pooled;
    output('mu', moved(points(x, 'fc_coord.linear')), [joints, dims], COORDINATES);
  }
  if (sigma) {
    output('sigma', scales, [joints, dims], 'scale of the error of each coordinate, in the unit of mu');
  }
  return {
    name: `wgrad ${describeBackbone(backbone)}`.toLowerCase().replace(/[^a-z0-9]+/g, '_'),
    inputs: [
      {
        name: 'images',
        shape: ['batch', 3, height, width],
        doc: `${(conventions.channels ?? 'rgb').toUpperCase()}, (value / 255 - mean) / std`,
      },
    ],
    outputs,
    nodes: graph.nodes,
    constants: graph.constants,
    metadata: {
      opset: String(OPSET),
      joints: String(joints),
      schema: JSON.stringify(jointsOf(checkpoint)),
      conventions: JSON.stringify(conventions),
      preprocessing: inputInWords(conventions),
      postprocessing: outputInWords(conventions),
    },
  };
}

const COORDINATES = 'coordinates of each joint';

function mapSize({ size }: Conventions, stride: number, doublings: number): [height: number, width: number] {
  const [height, width] = size.map((extent) => Math.ceil(extent / stride) * 2 ** doublings);
  return [height, width];
}

interface MeanOptions extends Extract<MapDecoding, { decode: 'mean' }> {
  readonly joints: number;
  readonly size: readonly [height: number, width: number];
  readonly conventions: Conventions;
}

/** `softArgmax` in the units of the conventions: the softmax of each map times the coordinates of its pixels. */
function meanOf(graph: OnnxGraph, maps: string, { beta, debias, joints, size, conventions }: MeanOptions): string {
  const [height, width] = size;
  const flat = graph.node('maps.flat', 'Reshape', [maps, graph.integers('maps.shape', 0, joints, height * width)]);
  const scaled = beta === 1 ? flat : graph.node('maps.scaled', 'Mul', [flat, graph.number('maps.beta', beta)]);
  const mass = graph.node('maps.softmax', 'Softmax', [scaled], { axis: -1 });
  const { origin, pixel } = conventions;
  const at = (i: number, extent: number) => (i + pixel) / extent - origin;
  const grid = Float32Array.from({ length: 2 * height * width }, (_, i) => {
    const p = i >> 1;
    return i % 2 === 0 ? at(p % width, width) : at(Math.floor(p / width), height);
  });
  const mean = graph.node('maps.mean', 'MatMul', [
    mass,
    graph.constant('maps.grid', { shape: [height * width, 2], data: grid }),
  ]);
  if (debias === 'none') return mean;
  // Takes out the share r of the mass that lies on the background: (mean - r c) / (1 - r), c the background's middle.
  const log = graph.node('maps.log', 'ReduceLogSumExp', [debias === 'mmpose' ? flat : scaled], { axes: [2] });
  const pixels = debias === 'exact' ? height * width : 1;
  const share = graph.node('maps.share', 'Exp', [
    graph.node('maps.logshare', 'Sub', [graph.number('maps.logpixels', Math.log(pixels)), log]),
  ]);
  const middle = (extent: number) => (debias === 'exact' ? (pixel - 0.5) / extent : 0) + 0.5 - origin;
  const c = graph.constant('maps.middle', { shape: [2], data: Float32Array.of(middle(width), middle(height)) });
  const rest = graph.node('maps.rest', 'Sub', [graph.number('one', 1), share]);
  const moved = graph.node('maps.moved', 'Sub', [mean, graph.node('maps.background', 'Mul', [share, c])]);
  return graph.node('maps.debiased', 'Div', [moved, rest]);
}

/** `x / sqrt(|x|^2 + eps)`. */
function direction(graph: OnnxGraph, x: string): string {
  const squares = graph.node('norm.squares', 'Mul', [x, x]);
  const sum = graph.node('norm.sum', 'ReduceSum', [squares, graph.integers('norm.axes', 1)], { keepdims: 1 });
  const guarded = graph.node('norm.guarded', 'Add', [sum, graph.number('norm.epsilon', NORM_EPSILON)]);
  return graph.node('norm.direction', 'Div', [x, graph.node('norm.norm', 'Sqrt', [guarded])]);
}
