import { button } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { Figure, type Pen } from '../shell/figure.js';
import { colour } from '../shell/theme.js';
import { drawGraph } from './graph.js';
import { firstSweep, say } from './moment.js';
import { listNodes } from './nodeList.js';
import type { Trace } from './trace.js';

export interface TraceView {
  readonly element: HTMLElement;
  close(): void;
}

/** Milliseconds from step to step while it plays. */
const PACE = 600;

/**
 * A trace that one steps through by hand, forwards and back.
 * @param first the step to begin at; by default all is recorded and nothing swept
 * @param stepped is told of each step that the visitor goes to
 */
export function showTrace(trace: Trace, first: number | undefined, stepped: (count: number) => void): TraceView {
  const last = trace.steps.length;
  let count = Math.min(last, Math.round(first ?? firstSweep(trace)));
  let timer: ReturnType<typeof setInterval> | undefined;
  const words = element('p', { class: 'moment', role: 'status' });
  const position = element('output', { for: 'step' });
  const range = element('input', { id: 'step', type: 'range', min: 0, max: last, step: 1 });
  const memory = new Figure({
    aspect: 0.22,
    label: 'Bytes that tensors hold after each step',
    paint: (pen) => paintMemory(pen, trace, count),
  });
  const parts = trace.tapes.map((_, tape) => {
    const list = listNodes(trace, tape);
    return { graph: drawGraph(trace, tape, (node) => list.point(node)), list };
  });

  const show = () => {
    range.value = String(count);
    range.setAttribute('aria-valuetext', `${count} of ${last}`);
    position.textContent = `${count} of ${last}`;
    words.textContent = say(trace, count);
    memory.paint();
    for (const { graph, list } of parts) {
      graph.show(count);
      list.show(count);
    }
    // Not `disabled`, which would take the focus from a key that has come to the end.
    back.setAttribute('aria-disabled', String(count === 0));
    forward.setAttribute('aria-disabled', String(count === last));
  };
  const pause = () => {
    clearInterval(timer);
    timer = undefined;
    play.textContent = 'Play';
  };
  const follow = () => {
    for (const { graph } of parts) graph.follow();
  };
  const goTo = (next: number) => {
    count = Math.max(0, Math.min(last, next));
    show();
    follow();
  };
  const byHand = (next: number) => {
    pause();
    goTo(next);
    stepped(count);
  };
  const back = button('Back', () => byHand(count - 1));
  const forward = button('Forward', () => byHand(count + 1), 'primary');
  const play = button('Play', () => {
    if (timer !== undefined) return pause();
    if (count === last) goTo(0);
    play.textContent = 'Pause';
    timer = setInterval(() => {
      goTo(count + 1);
      if (count < last) return;
      pause();
      stepped(count);
    }, PACE);
  });
  range.oninput = () => {
    pause();
    goTo(range.valueAsNumber);
  };
  range.onchange = () => stepped(count);

  const made = element(
    'div',
    { class: 'trace' },
    element(
      'div',
      { class: 'stepper' },
      element('div', { class: 'control' }, element('label', { for: 'step' }, 'Step', position), range),
      element('div', { class: 'buttons' }, back, forward, play),
      words,
    ),
    trace.tapes.length === 0 &&
      element(
        'p',
        { class: 'prose' },
        'No tape was opened, because nothing asked for a gradient: call grad, valueAndGrad, vjp or hvp.',
      ),
    parts.map(({ graph, list }, tape) =>
      element(
        'section',
        { class: 'tape-part' },
        element('h2', {}, titleOf(trace, tape)),
        element(
          'div',
          { class: 'scroll graph', tabindex: 0, role: 'region', 'aria-label': `Graph of tape ${tape + 1}` },
          graph.element,
        ),
        tape === 0 &&
          element(
            'p',
            { class: 'key marks' },
            element(
              'span',
              {},
              element('i', { class: 'mark held', 'aria-hidden': 'true' }),
              'a tensor kept for the sweep',
            ),
            element('span', {}, element('i', { class: 'mark', 'aria-hidden': 'true' }), 'let go'),
            element(
              'span',
              {},
              element('i', { class: 'mark back', 'aria-hidden': 'true' }),
              'the gradient on its way back',
            ),
          ),
        element('details', {}, element('summary', {}, 'As a list, with kernels'), list.element),
      ),
    ),
    element(
      'figure',
      { class: 'memory' },
      memory.canvas,
      element(
        'figcaption',
        {},
        element('b', {}, 'Memory:'),
        ' bytes that tensors hold after each step, on this device',
      ),
    ),
    element('h2', {}, 'What the code returned'),
    element(
      'dl',
      { class: 'returned' },
      trace.returned.map(({ path, text }) =>
        element('div', {}, element('dt', {}, path || 'result'), element('dd', {}, text)),
      ),
    ),
  );
  show();
  requestAnimationFrame(follow); // when it has its place on the page
  return {
    element: made,
    close() {
      pause();
      memory.close();
    },
  };
}

function titleOf({ tapes }: Trace, tape: number): string {
  const count = tapes[tape].nodes.length;
  const nodes = `${count} ${count === 1 ? 'node' : 'nodes'}`;
  return tapes.length === 1 ? `The tape: ${nodes}` : `Tape ${tape + 1}: ${nodes}`;
}

/** A step chart: what is held after step i stands above i. */
function paintMemory(pen: Pen, { steps }: Trace, count: number): void {
  const bytes = [0, ...steps.map((step) => step.bytes)];
  const most = 1.1 * Math.max(...bytes, 1);
  pen.axes({ domain: [-0.5, bytes.length - 0.5], label: 'step' }, { domain: [0, most], label: 'bytes' });
  const xs = bytes.flatMap((_, i) => [i - 0.5, i + 0.5]);
  const ys = bytes.flatMap((b) => [b, b]);
  pen.inside(() => {
    pen.band(
      xs,
      xs.map(() => 0),
      ys,
      colour('network'),
      0.15,
    );
    pen.line(xs, ys, colour('network'), 2);
    pen.line([count, count], [0, most], colour('second'), 2);
    pen.dots([count, bytes[count]], colour('second'), 5);
  });
}
