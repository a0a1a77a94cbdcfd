import type { Device } from 'wgrad';
import type { Cells } from '../cells.js';
import { advancing } from '../engine/advancing.js';
import { type FlowFrame, FlowLearner, type FlowSettings } from './learner.js';

/** The flow room's half in the worker. */
export const open = (device: Device, { target, ...settings }: FlowSettings & { readonly target: Cells }) =>
  advancing<FlowFrame>(new FlowLearner(device, target, settings));
