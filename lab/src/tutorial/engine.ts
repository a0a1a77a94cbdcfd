import type { Device } from 'wgrad';
import { advancing } from '../engine/advancing.js';
import { type GaugeFrame, GaugeLearner } from './gaugeLearner.js';

/** The half of the tutorial in the worker: it has one figure that learns. */
export const open = (device: Device) => advancing<GaugeFrame>(new GaugeLearner(device));
