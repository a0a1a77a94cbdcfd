import type { Device } from 'wgrad';
import { advancing } from '../engine/advancing.js';
import type { JointsFrame } from './joints/frame.js';
import type { JointsSettings } from './joints/learner.js';
import type { LineFrame } from './line/frame.js';
import type { LineSettings } from './line/learner.js';

type Order = ({ readonly task: 'line' } & LineSettings) | ({ readonly task: 'joints' } & JointsSettings);

/** The half of the room RLE in the worker; each task loads what it alone needs. */
export async function open(device: Device, order: Order) {
  if (order.task === 'line') {
    const { LineLearner } = await import('./line/learner.js');
    return advancing<LineFrame>(new LineLearner(device, order));
  }
  const { JointsLearner } = await import('./joints/learner.js');
  return advancing<JointsFrame>(await JointsLearner.open(device, order));
}
