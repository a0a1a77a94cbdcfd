import { DataError } from 'wgrad';
import type { Naming } from './naming.js';

const BACKBONE = 'preact.';

/** torchvision's names: a ResNet or MobileNetV2 and perhaps its classifier, without any head of a pose network. */
export const torchvision: Naming = {
  name: 'torchvision',
  sign: 'conv1.weight and layer1.*, or features.0.*',
  matches: (names) =>
    names.includes('features.0.0.weight') ||
    (names.includes('conv1.weight') && names.some((name) => name.startsWith('layer1.'))),
  toOwn: (state) => new Map([...state].map(([name, tensor]) => [BACKBONE + name, tensor])),
  fromOwn: (own) => {
    const backbone = [...own].filter(([name]) => name.startsWith(BACKBONE));
    if (backbone.length === 0) throw new DataError('no backbone to write in names of torchvision');
    if (backbone.some(([name]) => name.startsWith(`${BACKBONE}stage2.`))) {
      throw new DataError('torchvision has no HRNet; choose --names microsoft');
    }
    return new Map(backbone.map(([name, tensor]) => [name.slice(BACKBONE.length), tensor]));
  },
};
