import { counted } from 'wgrad/io';
import type { Place, Trace, TraceStep } from './trace.js';

/** How far a node is at a moment. */
export type Stage = 'future' | 'recorded' | 'current' | 'passed';

const same = (place: Place | undefined, tape: number, node: number) => place?.tape === tape && place.node === node;
const at = ({ pulls, skips }: TraceStep) => pulls ?? skips;

/** The stage of a node after so many steps; the last of them is the current one. */
export function stageOf({ steps }: Trace, tape: number, node: number, count: number): Stage {
  const recorded = steps.findIndex(({ records }) => records.some((place) => same(place, tape, node)));
  const passed = steps.findIndex((step) => same(at(step), tape, node));
  if (recorded === count - 1 || passed === count - 1) return 'current';
  if (passed >= 0 && passed < count) return 'passed';
  return recorded < count ? 'recorded' : 'future';
}

/** Whether a gradient has gone back through a node after so many steps. */
export const isPulled = ({ steps }: Trace, tape: number, node: number, count: number) =>
  steps.slice(0, count).some(({ pulls }) => same(pulls, tape, node));

/** The step in which the sweep goes through a node, if it does. */
export const pullOf = ({ steps }: Trace, tape: number, node: number) =>
  steps.find(({ pulls }) => same(pulls, tape, node));

/** Before the first sweep: all that was recorded is there, and nothing has been let go. */
export function firstSweep({ steps }: Trace): number {
  const first = steps.findIndex((step) => at(step) !== undefined);
  return first < 0 ? steps.length : first;
}

/** A step in words. */
export function say(trace: Trace, count: number): string {
  const { steps, tapes, ops, tensors } = trace;
  const many = tapes.length > 1;
  const tapeName = (tape: number) => (many ? `tape ${tape + 1}` : 'the tape');
  if (count === 0) return 'Nothing has run yet.';
  const step = steps[count - 1];
  const called = step.ops.map((i) => `${ops[i].name} ${tensors[ops[i].outputs[0]] ?? ''}`.trim()).join(', ');
  const recorders = [...new Set(step.records.map(({ tape }) => tape))].map(tapeName);
  const recorded =
    recorders.length > 0 ? `; ${recorders.join(' and ')} ${recorders.length > 1 ? 'record' : 'records'} it` : '';
  const place = at(step);
  if (!place) return `Forwards: ${called} runs${recorded}.`;
  const { name, keep } = tapes[place.tape].nodes[place.node];
  const kept = keep.length === 0 ? '' : ` and lets go of ${counted(keep.length, 'saved tensor')}`;
  if (step.skips) return `Backwards: ${tapeName(place.tape)} passes ${name}, which no gradient reaches${kept}.`;
  const work = called === '' ? 'hands the gradient on without an op' : `runs ${called}`;
  return `Backwards: ${tapeName(place.tape)} pulls the gradient through ${name}: ${work}${recorded}${kept}.`;
}
