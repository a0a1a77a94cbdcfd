import { isClassifier } from './architecture.js';
import { flowMask, requireMask } from './flowMask.js';
import type { Naming } from './naming.js';

/**
 * The official code of RLE (Li et al., ICCV 2021): in 2-D `preact`, `fc_coord`, `fc_sigma`, `flow` with its mask; in 3-D
 * two flows, and `fc_sigma` is a plain layer.
 */
export const official: Naming = {
  name: 'official',
  sign: 'preact.*',
  matches: (names) => names.some((name) => name.startsWith('preact.')),
  toOwn: (state, where) => {
    const own = new Map();
    for (const [name, tensor] of state) {
      if (/^flow(2d|3d)?\.mask$/.test(name)) requireMask(tensor, `${where}: ${name}`);
      else own.set(name.replace(/^fc_sigma\.(weight|bias)$/, 'fc_sigma.linear.$1'), tensor);
    }
    return own;
  },
  fromOwn: (own, { depth }) => {
    const is3d = depth !== undefined;
    const state = new Map();
    for (const [name, tensor] of own) {
      if (isClassifier(name)) continue;
      const flow = /^(flow(?:2d|3d)?)\.t\.0\.0\.weight$/.exec(name);
      if (flow) state.set(`${flow[1]}.mask`, flowMask(tensor.shape[1], couplingsIn(own, flow[1])));
      state.set(is3d ? name.replace(/^fc_sigma\.linear\./, 'fc_sigma.') : name, tensor);
    }
    return state;
  },
};

function couplingsIn(own: ReadonlyMap<string, unknown>, flow: string): number {
  let count = 0;
  while (own.has(`${flow}.t.${count}.0.weight`)) count++;
  return count;
}
