import { DataError } from 'wgrad';
import type { StateTensor } from 'wgrad/io';
import { isClassifier } from './architecture.js';
import { flowBuffers, requireMask } from './flowMask.js';
import { joinRows, splitRows } from './headRows.js';
import { fromMmposeMobilenet, toMmposeMobilenet } from './mmposeMobilenet.js';
import type { NamedState, Naming } from './naming.js';

/** Names that changed from mmpose 0.x to 1.x. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/^keypoint_head\./, 'head.'],
  [/^head\.loss\./, 'head.loss_module.'],
];
/** The prefix of the heatmap layers in a head of integral regression, if it has transposed convolutions. */
const INTEGRAL = 'head.simplebaseline_head.';
/** Own prefixes and mmpose's. */
const PREFIXES: readonly (readonly [own: string, theirs: string])[] = [
  ['preact.', 'backbone.'],
  ['flow.', 'head.loss_module.flow_model.'],
  ['deconv_layers.', 'head.deconv_layers.'],
  ['final_layer.', 'head.final_layer.'],
];
/** Tensors that are no weights: facts about the images and the map. */
const NOT_WEIGHTS = /^data_preprocessor\.|^head\.loss_module\.flow_model\.(loc|cov|mask)$|^head\.linspace_[xy]$/;
const LAYERS = ['weight', 'bias'] as const;

/** The layer that holds the coordinates in mmpose and the classes in mmpretrain. */
const FC = /^head\.fc\.(weight|bias)$/;
/** Where the layer of the classes is under own names; the sign tells the backbone. */
const CLASSIFIERS: readonly (readonly [sign: string, own: string])[] = [
  ['backbone.conv2.conv.', 'preact.classifier.1.'],
  ['backbone.stage2.', 'preact.classifier.'],
  ['', 'preact.fc.'],
];
const NECK = 'preact.neck.';
/** No data set of mmpose has so many joints; the largest, DeepFashion2, has 294. */
const MOST_JOINTS = 300;

/**
 * OpenMMLab's mmpose, read from 0.x and 1.x and written as 1.x. Its RLE head is one layer whose rows are x, y and the
 * logits of their sigmas, joint by joint. Without a flow it is a plain regression head, with rows x and y and no place
 * for sigmas. Classifiers of mmpretrain (mmcls) have the same names; a file is taken for one if its configuration says
 * so, or if its rows are more than joints can have or do not fit joints.
 */
export const mmpose: Naming = {
  name: 'mmpose',
  sign: 'backbone.*',
  matches: (names) => names.some((name) => name.startsWith('backbone.')),
  toOwn: (state, where, config) => {
    const latest = new Map([...state].map(([name, tensor]) => [latestName(name), tensor]));
    const hasFlow = [...latest.keys()].some((name) => name.startsWith('head.loss_module.flow_model.t.'));
    const classifies = !hasFlow && isOfClasses(latest.get('head.fc.weight')?.shape[0], config);
    const classifier = CLASSIFIERS.find(([sign]) => [...latest.keys()].some((name) => name.startsWith(sign)));
    const own = new Map<string, StateTensor>();
    for (const [name, tensor] of latest) {
      if (name.endsWith('flow_model.mask')) requireMask(tensor, `${where}: ${name}`);
      if (NOT_WEIGHTS.test(name)) continue;
      const [, layer] = FC.exec(name) ?? [];
      if (classifies && layer) {
        own.set(classifier?.[1] + layer, tensor);
      } else if (classifies && name.startsWith('neck.')) {
        own.set(NECK + name.slice('neck.'.length), tensor);
      } else if (layer) {
        const [coordinates, logits] = hasFlow ? splitRows(tensor, 2, `${where}: ${name}`) : [tensor];
        own.set(`fc_coord.linear.${layer}`, coordinates);
        if (logits) own.set(`fc_sigma.linear.${layer}`, logits);
      } else {
        own.set(ownName(name), tensor);
      }
    }
    return own;
  },
  fromOwn: (own, { size, maps, depth }) => {
    if (depth !== undefined) throw new DataError('mmpose has no RLE in 3-D; choose --names official');
    const state = new Map<string, StateTensor>();
    const isHeatmap = own.has('final_layer.weight');
    const hasFlow = own.has('flow.t.0.0.weight');
    for (const layer of LAYERS) {
      const coordinates = own.get(`fc_coord.linear.${layer}`);
      const logits = hasFlow && own.get(`fc_sigma.linear.${layer}`);
      if (coordinates) state.set(`head.fc.${layer}`, logits ? joinRows(coordinates, logits, 2) : coordinates);
    }
    const isIntegral = maps?.decode === 'mean';
    const wrapped = isIntegral && own.has('deconv_layers.0.weight');
    for (const [name, tensor] of own) {
      // mmpose has no sigmas beside heatmaps, and so no flow.
      if (isHeatmap && name.startsWith('flow.')) continue;
      const theirs = theirName(name);
      if (theirs) state.set(wrapped ? theirs.replace(/^head\./, INTEGRAL) : theirs, tensor);
    }
    if (!isHeatmap)
      for (const [name, tensor] of flowBuffers(own)) state.set(`head.loss_module.flow_model.${name}`, tensor);
    if (isIntegral) for (const [name, tensor] of linspaces(own, size)) state.set(`head.${name}`, tensor);
    return state;
  },
};

/** Whether a file of mmpose takes coordinates from the mean of its heatmaps. */
export function isIntegralHead(names: Iterable<string>): boolean {
  return [...names].some((name) => name.startsWith(INTEGRAL) || name.startsWith('head.linspace_'));
}

function isOfClasses(rows: number | undefined, config = ''): boolean {
  if (/\b\w*ClsHead\b/.test(config)) return true;
  return rows !== undefined && (rows % 2 === 1 || rows > 2 * MOST_JOINTS);
}

function latestName(name: string): string {
  return RENAMED.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name);
}

function ownName(name: string): string {
  const plain = name.startsWith(INTEGRAL) ? `head.${name.slice(INTEGRAL.length)}` : name;
  const prefix = PREFIXES.find(([, theirs]) => plain.startsWith(theirs));
  if (!prefix) return plain;
  const rest = plain.slice(prefix[1].length);
  return prefix[0] + ((prefix[0] === 'preact.' && fromMmposeMobilenet(rest)) || rest);
}

function theirName(name: string): string | undefined {
  const prefix = PREFIXES.find(([own]) => name.startsWith(own));
  if (!prefix || isClassifier(name)) return undefined;
  const rest = name.slice(prefix[0].length);
  return prefix[1] + ((prefix[0] === 'preact.' && toMmposeMobilenet(rest)) || rest);
}

/** The coordinates of the pixels of the maps, which mmpose keeps among the weights. */
function linspaces(own: NamedState, [height, width]: readonly [number, number]): [string, StateTensor][] {
  const doublings = [...own.keys()].filter((name) => /^deconv_layers\.\d+\.running_mean$/.test(name)).length;
  const stride = own.has('preact.stage2.0.branches.0.0.conv1.weight') ? 4 : 32;
  const axis = (extent: number, shape: (n: number) => number[]): StateTensor => {
    const count = Math.ceil(extent / stride) * 2 ** doublings;
    return { shape: shape(count), data: Float32Array.from({ length: count }, (_, i) => i / count) };
  };
  return [
    ['linspace_x', axis(width, (n) => [1, 1, 1, n])],
    ['linspace_y', axis(height, (n) => [1, 1, n, 1])],
  ];
}
