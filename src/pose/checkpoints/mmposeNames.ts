import { DataError } from '../../errors.js';
import type { StateTensor } from '../../io/stateDict.js';
import { flowMask, requireMask } from './flowMask.js';
import { joinRows, splitRows } from './headRows.js';
import type { Naming } from './naming.js';

/** What mmpose 1 and later calls by another name than 0.x did. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/^keypoint_head\./, 'head.'],
  [/^head\.loss\./, 'head.loss_module.'],
];
/** Own prefixes and mmpose's. */
const PREFIXES: readonly (readonly [own: string, theirs: string])[] = [
  ['preact.', 'backbone.'],
  ['flow.', 'head.loss_module.flow_model.'],
  ['deconv_layers.', 'head.deconv_layers.'],
  ['final_layer.', 'head.final_layer.'],
];
/** Facts about the images, not weights; a loader that wants them reads them from the file. */
const NOT_WEIGHTS = /^data_preprocessor\.|^head\.loss_module\.flow_model\.(loc|cov|mask)$/;
const LAYERS = ['weight', 'bias'] as const;

/**
 * OpenMMLab's mmpose, 0.x and since 1.0, written as the latter. Its RLE head is one layer whose rows are x, y and the
 * logits of their sigmas, joint by joint; without a flow it is the head of a plain regression, rows x and y.
 */
export const mmpose: Naming = {
  name: 'mmpose',
  sign: 'backbone.*',
  matches: (names) => names.some((name) => name.startsWith('backbone.')),
  toOwn: (state, where) => {
    const latest = new Map([...state].map(([name, tensor]) => [latestName(name), tensor]));
    const hasFlow = [...latest.keys()].some((name) => name.startsWith('head.loss_module.flow_model.t.'));
    const own = new Map<string, StateTensor>();
    for (const [name, tensor] of latest) {
      if (name.endsWith('flow_model.mask')) requireMask(tensor, `${where}: ${name}`);
      if (NOT_WEIGHTS.test(name)) continue;
      const [, layer] = /^head\.fc\.(weight|bias)$/.exec(name) ?? [];
      const prefix = PREFIXES.find(([, theirs]) => name.startsWith(theirs));
      if (layer) {
        const [coordinates, logits] = hasFlow ? splitRows(tensor, 2, `${where}: ${name}`) : [tensor];
        own.set(`fc_coord.linear.${layer}`, coordinates);
        if (logits) own.set(`fc_sigma.linear.${layer}`, logits);
      } else {
        own.set(prefix ? prefix[0] + name.slice(prefix[1].length) : name, tensor);
      }
    }
    return own;
  },
  fromOwn: (own) => {
    if (own.has('flow3d.t.0.0.weight')) throw new DataError('mmpose has no RLE in 3-D; choose --names official');
    const state = new Map<string, StateTensor>();
    for (const layer of LAYERS) {
      const coordinates = own.get(`fc_coord.linear.${layer}`);
      const logits = own.get(`fc_sigma.linear.${layer}`);
      if (coordinates) state.set(`head.fc.${layer}`, logits ? joinRows(coordinates, logits, 2) : coordinates);
    }
    for (const [name, tensor] of own) {
      const prefix = PREFIXES.find(([ownPrefix]) => name.startsWith(ownPrefix));
      if (prefix && !/^preact\.fc\./.test(name)) state.set(prefix[1] + name.slice(prefix[0].length), tensor);
    }
    for (const [name, tensor] of buffersOf(own)) state.set(`head.loss_module.flow_model.${name}`, tensor);
    return state;
  },
};

function latestName(name: string): string {
  return RENAMED.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name);
}

/** What mmpose's flow registers besides its layers: mean and covariance of the prior, and the masks. */
function buffersOf(own: ReadonlyMap<string, StateTensor>): [string, StateTensor][] {
  const first = own.get('flow.t.0.0.weight');
  if (!first) return [];
  const dims = first.shape[1];
  const couplings = [...own.keys()].filter((name) => /^flow\.t\.\d+\.0\.weight$/.test(name)).length;
  const identity = Float32Array.from({ length: dims * dims }, (_, i) => (i % (dims + 1) === 0 ? 1 : 0));
  return [
    ['loc', { shape: [dims], data: new Float32Array(dims) }],
    ['cov', { shape: [dims, dims], data: identity }],
    ['mask', flowMask(dims, couplings)],
  ];
}
