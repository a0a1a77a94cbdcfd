import { DataError } from 'wgrad';
import type { Naming } from './naming.js';

const BACKBONE = 'preact.';
const HEAD = /^(deconv_layers\.\d+|final_layer)\.(weight|bias|running_mean|running_var|num_batches_tracked)$/;

/**
 * The authors' own code of SimpleBaseline (Xiao et al., 2018) and HRNet (Sun et al., 2019): a backbone without a prefix, as
 * torchvision names a ResNet, beside `deconv_layers` and `final_layer`; an HRNet may also be a classifier of theirs.
 */
export const microsoft: Naming = {
  name: 'microsoft',
  sign: 'conv1.weight with final_layer.* or stage2.*',
  matches: (names) =>
    names.includes('conv1.weight') &&
    names.some((name) => name.startsWith('final_layer.') || name.startsWith('stage2.')),
  toOwn: (state) => new Map([...state].map(([name, tensor]) => [HEAD.test(name) ? name : BACKBONE + name, tensor])),
  fromOwn: (own) => {
    if (!own.has(`${BACKBONE}conv1.weight`)) {
      throw new DataError('names of microsoft are those of ResNets and HRNets; choose --names mmpose or official');
    }
    const kept = [...own].filter(([name]) => name.startsWith(BACKBONE) || HEAD.test(name));
    return new Map(kept.map(([name, tensor]) => [name.replace(BACKBONE, ''), tensor]));
  },
};
