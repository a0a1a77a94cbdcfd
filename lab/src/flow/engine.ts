import type { Device } from 'wgrad';
import type { Cells } from '../cells.js';
import { type FlowFrame, FlowLearner, type FlowSettings } from './learner.js';

/** The flow room's half in the worker. */
export interface FlowEngine {
  /** Learns `steps` batches and shows the flow. */
  advance(order: { readonly steps: number; readonly lr: number }): Promise<FlowFrame & { readonly seconds: number }>;
}

export function open(device: Device, { target, ...settings }: FlowSettings & { readonly target: Cells }): FlowEngine {
  const learner = new FlowLearner(device, target, settings);
  return {
    async advance({ steps, lr }) {
      const started = performance.now();
      await learner.learn(steps, lr);
      const seconds = (performance.now() - started) / 1000;
      return { ...(await learner.frame()), seconds };
    },
  };
}
