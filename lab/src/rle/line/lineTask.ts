import { chooser, type SliderOptions, slider, sliderValue } from '../../shell/controls.js';
import { element } from '../../shell/element.js';
import { Figure } from '../../shell/figure.js';
import { panel } from '../../shell/panel.js';
import type { Settings } from '../../shell/settings.js';
import { key } from '../../shell/swatch.js';
import { table } from '../../shell/table.js';
import { Training } from '../../shell/training.js';
import { TrainingSettings } from '../../shell/trainingSettings.js';
import { workbench } from '../../shell/workbench.js';
import { drawHeights } from './drawHeights.js';
import { gridX, type LineFrame } from './frame.js';
import type { LineSettings } from './learner.js';
import { showNumbers, whyNegative } from './lineNumbers.js';
import { LOSSES, lossNames } from './losses.js';
import { formatHeights, fromHeights, type Noise, parseHeights, shapeOf } from './noise.js';
import { paintCoverage, paintDensities, paintFit, paintNoise } from './picture.js';

const SHAPES = {
  modes: 'Two modes',
  skewed: 'Skewed',
  heavy: 'Heavy tails',
  normal: 'Normal',
  drawn: 'Your drawing',
} as const;
const SPREAD = { standard: 0.15, least: 0.05, most: 0.3, step: 0.01 };
const GROWTH = { standard: 1, least: 0, most: 1.5, step: 0.1 };
const STANDARD = { lr: 0.005, speed: 10 };
const POINTER: SliderOptions = { standard: 0.5, least: -1, most: 1, step: 0.025 };

/** What the address asks the labels and the six to be. */
export function lineSettings(settings: Settings): LineSettings {
  return {
    noise: noiseOf(settings),
    batch: Math.round(settings.number('batch', 128, 16, 1024)),
    seed: new TrainingSettings(settings, STANDARD).seed(),
  };
}

function noiseOf(settings: Settings): Noise {
  const name = settings.choice('noise', Object.keys(SHAPES), 'modes');
  return {
    shape: shapeOf(name) ?? fromHeights(parseHeights(settings.text('heights', ''))),
    spread: sliderValue(settings, 'spread', SPREAD),
    growth: sliderValue(settings, 'growth', GROWTH),
  };
}

/** The regression of y on x by six losses. The result is called when the visitor leaves. */
export function enterLine(host: HTMLElement, settings: Settings): () => void {
  let noise = noiseOf(settings);
  let frame: LineFrame | undefined;
  let at = gridIndex(sliderValue(settings, 'x', POINTER));
  const facts = element('dl', { class: 'figures' });
  const rows = element('tbody');
  const negative = element('p', { class: 'prose' });

  const painting = (
    label: string,
    aspect: number,
    paint: (pen: Parameters<typeof paintNoise>[0], f: LineFrame) => void,
  ) => new Figure({ aspect, label, paint: (pen) => frame && paint(pen, frame) });
  const fits = lossNames.map((name) =>
    painting(`Labels, and the density of labels that ${LOSSES[name].title} predicts`, 0.95, (pen, f) =>
      paintFit(pen, f, name, noise, at),
    ),
  );
  const densities = painting('Predicted densities of y at one x, and the true one', 0.62, (pen, f) =>
    paintDensities(pen, f, noise, at),
  );
  const coverage = painting(
    'Share of labels inside of central intervals, against their nominal share',
    0.62,
    paintCoverage,
  );
  const drawing = new Figure({
    aspect: 0.5,
    label: 'The density of the noise',
    paint: (pen) => paintNoise(pen, noise),
  });
  const repaint = () => {
    for (const figure of [...fits, densities]) figure.paint();
    if (frame) negative.textContent = whyNegative(frame, at);
  };

  const asked = new TrainingSettings(settings, STANDARD);
  const training = new Training<LineFrame & { seconds: number }>({
    room: 'rle',
    settings: () => ({ task: 'line', ...lineSettings(settings) }),
    ...asked.options(),
    show(next, rate) {
      frame = next;
      repaint();
      coverage.paint();
      showNumbers(next, noise, facts, rows, rate);
    },
  });
  const again = () => {
    noise = noiseOf(settings);
    drawing.paint();
    training.restart();
  };

  const pointer = slider(settings, 'x', 'Pointer: x', POINTER, () => undefined);
  const pointerInput = pointer.querySelector('input') as HTMLInputElement;
  pointerInput.addEventListener('input', () => {
    at = gridIndex(pointerInput.valueAsNumber);
    repaint();
  });
  for (const figure of fits) {
    const point = (event: PointerEvent) => {
      const next = gridIndex(figure.xUnder(event) ?? gridX[at]);
      if (next === at) return;
      pointerInput.value = String(gridX[next]);
      pointerInput.dispatchEvent(new Event('input'));
    };
    figure.canvas.onpointermove = point;
    figure.canvas.onpointerdown = point;
  }

  const noiseList = chooser(settings, 'noise', 'Noise', SHAPES, 'modes', again);
  const paper = element('div', {}, drawing.canvas);
  drawHeights(paper, 'Draw the density of the noise here.', () => Array.from(noise.shape.probabilities), {
    move(next) {
      noise = { ...noise, shape: fromHeights(next) };
      drawing.paint();
    },
    end(heights) {
      settings.set('noise', 'drawn');
      settings.set('heights', formatHeights(heights));
      (noiseList.querySelector('select') as HTMLSelectElement).value = 'drawn';
      again();
    },
    drop() {
      noise = noiseOf(settings);
      drawing.paint();
    },
  });

  host.append(
    training.status,
    workbench({
      head: [
        training.buttons,
        noiseList,
        element(
          'figure',
          { class: 'drawn' },
          paper,
          element('figcaption', {}, 'its density; draw here, by pointer or by arrows and Space'),
        ),
      ],
      settings: [
        slider(settings, 'spread', 'Spread', SPREAD, again),
        slider(settings, 'growth', 'Growth with x', GROWTH, again),
        asked.controls(again),
      ],
      results: [
        facts,
        element(
          'div',
          { class: 'panels six fits' },
          lossNames.map((name, i) => panel(fits[i].canvas, LOSSES[name].title, LOSSES[name].says)),
        ),
        element(
          'p',
          { class: 'key' },
          element('span', {}, element('b', {}, 'Dots'), ' labels'),
          element('span', {}, element('b', {}, 'Line'), ' what is predicted'),
          element('span', {}, element('b', {}, 'Shade'), ' how likely a label is thought there'),
          element('span', {}, element('b', {}, 'Dashes'), ' nine labels of ten should lie between them'),
        ),
        key(lossNames.map((name) => LOSSES[name])),
        element(
          'div',
          { class: 'panels pair' },
          panel(densities.canvas, 'At the pointer', 'what each expects of y; grey is the truth', pointer),
          panel(coverage.canvas, 'Coverage', 'how many labels central intervals hold; dotted is right'),
        ),
        table(
          'Figures by loss',
          ['Loss', 'Its value, nats', 'Log-likelihood', 'Short of the best', '90\u00a0% hold'],
          rows,
        ),
        element(
          'div',
          { class: 'notes' },
          negative,
          element(
            'p',
            { class: 'prose' },
            'All six networks begin alike and see the same labels; only the loss differs. Figures are of 768 labels that none of them ',
            'learns from. L2 and L1 predict no spread: their densities have the one width that fits best. DLE and RLE with log s leave ',
            'open where in the density mu is; their lines are at its mean. RLE without log s counts Q twice in its loss, whose value is ',
            'therefore no negative log-likelihood; the density that it stands for is the flow\u2019s.',
          ),
        ),
      ],
    }),
  );
  again();
  return () => {
    training.close();
    for (const figure of [...fits, densities, coverage, drawing]) figure.close();
  };
}

/** The place of the grid that is nearest to x. */
const gridIndex = (x: number) =>
  Math.max(0, Math.min(gridX.length - 1, Math.round(((x + 1) / 2) * (gridX.length - 1))));
