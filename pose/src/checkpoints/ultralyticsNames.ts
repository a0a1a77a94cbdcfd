import { DataError } from 'wgrad';
import type { StateTensor } from 'wgrad/io';
import { flowBuffers, requireMask } from './flowMask.js';
import type { Naming } from './naming.js';

/** The flow of YOLO26-pose is a part of the network's last layer. */
const FLOW = /^(?:model\.\d+\.)?flow_model\.(.+)$/;
const BUFFERS = ['loc', 'cov', 'mask'];

/**
 * Ultralytics' YOLO26-pose, of which wgrad has the flow alone. It is written as the last layer names it, which takes it by
 * `model.model[-1].load_state_dict(state, strict=False)`. Its networks have SiLU where all other RLE has leaky ReLUs.
 */
export const ultralytics: Naming = {
  name: 'ultralytics',
  sign: 'model.*.flow_model.*',
  matches: (names) => names.some((name) => FLOW.test(name)),
  toOwn: (state, where) => {
    const own = new Map<string, StateTensor>();
    for (const [name, tensor] of state) {
      const [, rest] = FLOW.exec(name) ?? [];
      if (rest === 'mask') requireMask(tensor, `${where}: ${name}`);
      if (rest !== undefined && !BUFFERS.includes(rest)) own.set(`flow.${rest}`, tensor);
    }
    return own;
  },
  fromOwn: (own) => {
    const buffers = flowBuffers(own);
    if (buffers.length === 0) throw new DataError('ultralytics names a flow in 2-D, and this network has none');
    const layers = [...own].filter(([name]) => name.startsWith('flow.'));
    const flow = [...buffers, ...layers.map(([name, tensor]) => [name.slice('flow.'.length), tensor] as const)];
    return new Map(flow.map(([name, tensor]) => [`flow_model.${name}`, tensor]));
  },
};
