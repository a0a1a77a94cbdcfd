import { element } from '../shell/element.js';
import { Figure, type Pen } from '../shell/figure.js';
import { decimals } from '../shell/numbers.js';
import type { Settings } from '../shell/settings.js';
import { key } from '../shell/swatch.js';
import { colour } from '../shell/theme.js';
import { Training } from '../shell/training.js';
import type { GaugeFrame } from './gaugeLearner.js';
import type { LiveFigure } from './liveFigure.js';

const STEPS = 600;
const RATE = 0.005;
/** The size of the labels' errors, which the product should show. */
const TRUTH = 0.05;

const LINES = {
  sigma: { title: 'sigma', tint: 'second' },
  std: { title: 'width of the density', tint: 'network' },
  product: { title: 'their product', tint: 'baseline-3' },
} as const;

/** The figure of section 6, learned while one looks at it: it begins when it comes into sight, and rests out of it. */
export function liveGauge(settings: Settings): LiveFigure {
  let frames: GaugeFrame[] = [];
  const words = element('p', { class: 'moment' });
  const plot = (loss: 'rle' | 'laplace', title: string) =>
    new Figure({
      aspect: 0.8,
      label: `${title}: sigma, the width of the density and their product over steps`,
      paint: (pen) => paintGauge(pen, frames, loss),
    });
  const drifting = plot('rle', 'RLE');
  const fixed = plot('laplace', 'Laplace');
  const training = new Training<GaugeFrame & { seconds: number }>({
    room: 'tutorial',
    settings: () => ({}),
    reference: () => settings.text('device', 'best') === 'reference',
    lr: () => RATE,
    speed: () => 15,
    until: () => STEPS,
    show(next) {
      if (next.steps === 0) frames = [];
      frames.push(next);
      drifting.paint();
      fixed.paint();
      const product = next.rle.sigma * next.rle.std;
      words.textContent =
        `Step ${next.steps}: with RLE sigma is ${decimals(next.rle.sigma)} and the flow ${decimals(next.rle.std, 2)} wide, ` +
        `which makes ${decimals(product)}; with a Laplace alone sigma is ${decimals(next.laplace.sigma)}.`;
      words.dataset.steps = String(next.steps);
    },
  });
  const made = element(
    'figure',
    { class: 'live' },
    element(
      'div',
      { class: 'panels pair' },
      element('figure', {}, drifting.canvas, element('figcaption', {}, element('b', {}, 'RLE:'), ' sigma drifts')),
      element(
        'figure',
        {},
        fixed.canvas,
        element('figcaption', {}, element('b', {}, 'Laplace alone:'), ' it finds its place'),
      ),
    ),
    key(Object.values(LINES).map(({ title, tint }) => ({ title, colour: tint }))),
    training.buttons,
    words,
    training.status,
  );
  let hasBegun = false;
  const sight = new IntersectionObserver((entries) => {
    const isSeen = entries[entries.length - 1].isIntersecting;
    if (hasBegun) training.rest(!isSeen);
    else if (isSeen) {
      hasBegun = true;
      training.restart();
    }
  });
  sight.observe(made);
  return {
    element: made,
    close() {
      sight.disconnect();
      training.close();
      drifting.close();
      fixed.close();
    },
  };
}

function paintGauge(pen: Pen, frames: readonly GaugeFrame[], loss: 'rle' | 'laplace'): void {
  // The scale is logarithmic: a product is as far below one factor as the other is below 1.
  const ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
  const height = Math.log10;
  pen.axes(
    { domain: [0, STEPS], label: 'step' },
    {
      domain: [height(0.02), height(2)],
      ticks: ticks.map(height),
      format: (tick) => String(Number((10 ** tick).toPrecision(2))),
    },
  );
  pen.inside(() => {
    pen.line([0, STEPS], [height(TRUTH), height(TRUTH)], colour('faint'), 1, [4, 4]);
    const steps = frames.map((frame) => frame.steps);
    const draw = (name: keyof typeof LINES, value: (frame: GaugeFrame) => number) =>
      pen.line(
        steps,
        frames.map((frame) => height(value(frame))),
        colour(LINES[name].tint),
        2.5,
      );
    draw('sigma', (frame) => frame[loss].sigma);
    draw('std', (frame) => frame[loss].std);
    draw('product', (frame) => frame[loss].sigma * frame[loss].std);
  });
}
