import { type Cells, entropyOf } from '../cells.js';
import { chooser, slider } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { rateText, showFacts } from '../shell/facts.js';
import { Figure } from '../shell/figure.js';
import { decimals } from '../shell/numbers.js';
import { panel } from '../shell/panel.js';
import type { Room } from '../shell/room.js';
import type { Settings } from '../shell/settings.js';
import { Training } from '../shell/training.js';
import { TrainingSettings } from '../shell/trainingSettings.js';
import { workbench } from '../shell/workbench.js';
import './flow.css';
import type { FlowFrame, FlowSettings } from './learner.js';
import { letterTarget } from './letter.js';
import { paintDensity, paintGrid, paintSamples, paintStroke, paintTarget } from './picture.js';
import { drawStrokes, formatStrokes, parseStrokes } from './strokes.js';
import { alongStrokes, type Stroke, shape } from './targets.js';

const TARGETS = {
  moons: 'Two moons',
  rings: 'Rings',
  spiral: 'Spiral',
  residuals: 'Residuals of a pose run',
  letter: 'A letter',
  drawn: 'Your drawing',
} as const;
const COUPLINGS = { affine: 'RealNVP (affine)', spline: 'Rational-quadratic splines' } as const;
const STANDARD = { lr: 0.005, speed: 10 };

/** What the address asks the flow to be. */
export function flowSettings(settings: Settings): FlowSettings {
  return {
    couplings: settings.choice('couplings', ['affine', 'spline'], 'affine'),
    layers: Math.round(settings.number('layers', 6, 2, 12)),
    hidden: Math.round(settings.number('hidden', 32, 8, 64)),
    batch: Math.round(settings.number('batch', 256, 32, 2048)),
    seed: new TrainingSettings(settings, STANDARD).seed(),
  };
}

function targetOf(settings: Settings): Cells {
  const name = settings.choice('data', Object.keys(TARGETS), 'moons');
  if (name === 'letter') return letterTarget(settings.text('letter', 'W').slice(0, 2) || 'W');
  if (name === 'drawn') return alongStrokes(parseStrokes(settings.text('strokes', '')));
  return shape(name) ?? alongStrokes([]);
}

export const flowRoom: Room = {
  name: 'flow',
  title: 'Flow',
  lead: 'A normalising flow bends a Gaussian until it is the density on the left. Pick one, or draw it there, and watch.',
  enter(host, settings) {
    let target = targetOf(settings);
    let frame: FlowFrame | undefined;
    let stroke: Stroke | undefined;
    const facts = element('dl', { class: 'figures' });

    const figures = {
      target: new Figure({
        aspect: 1,
        label: 'The density that the flow learns',
        paint(pen) {
          paintTarget(pen, target);
          if (stroke) paintStroke(pen, stroke);
        },
      }),
      density: new Figure({
        aspect: 1,
        label: 'The density that the flow has learned',
        paint: (pen) => frame && paintDensity(pen, frame, target),
      }),
      samples: new Figure({
        aspect: 1,
        label: 'Draws from the flow',
        paint: (pen) => frame && paintSamples(pen, frame),
      }),
      grid: new Figure({
        aspect: 1,
        label: 'The grid of the base space, bent by the flow',
        paint: (pen) => frame && paintGrid(pen, frame),
      }),
    };

    const asked = new TrainingSettings(settings, STANDARD);
    const training = new Training<FlowFrame & { seconds: number }>({
      room: 'flow',
      settings: () => ({ ...flowSettings(settings), target }),
      ...asked.options(),
      show(next, rate) {
        frame = next;
        for (const figure of [figures.density, figures.samples, figures.grid]) figure.paint();
        showNumbers(facts, next, entropyOf(target), rate);
      },
    });
    const again = () => {
      target = targetOf(settings);
      figures.target.paint();
      letter.hidden = settings.text('data', 'moons') !== 'letter';
      training.restart();
    };

    const paper = element('div', {}, figures.target.canvas);
    drawStrokes(paper, 'Draw a density of your own here.', {
      move(points) {
        stroke = points;
        figures.target.paint();
      },
      end(points) {
        const isDrawn = settings.text('data', 'moons') === 'drawn';
        const before = isDrawn ? parseStrokes(settings.text('strokes', '')) : [];
        settings.set('data', 'drawn');
        settings.set('strokes', formatStrokes([...before, points]));
        (list.querySelector('select') as HTMLSelectElement).value = 'drawn';
        stroke = undefined;
        again();
      },
      drop() {
        stroke = undefined;
        figures.target.paint();
      },
    });

    const list = chooser(settings, 'data', 'Density', TARGETS, 'moons', () => {
      if (settings.text('data', '') === 'drawn') settings.set('strokes', '');
      again();
    });
    const letter = letterField(settings, again);
    host.append(
      training.status,
      workbench({
        head: [training.buttons, list, letter],
        settings: [
          chooser(settings, 'couplings', 'Couplings', COUPLINGS, 'affine', again),
          slider(settings, 'layers', 'Layers', { standard: 6, least: 2, most: 12, step: 1 }, again),
          asked.controls(again),
        ],
        results: [
          facts,
          element(
            'div',
            { class: 'panels four' },
            panel(paper, 'Target', 'what is to be learned; draw here, by pointer or by arrows and Space'),
            panel(figures.density.canvas, 'Density', 'what the flow has learned, equally bright where equally dense'),
            panel(figures.samples.canvas, 'Samples', '600 draws of the flow'),
            panel(figures.grid.canvas, 'Map', 'the grid of the base space, bent by the flow'),
          ),
          element(
            'div',
            { class: 'notes' },
            element(
              'p',
              { class: 'prose' },
              'A flow is a chain of layers. Each moves one half of a point by what a small network says of the other half, so that it ',
              'can be undone, and how much it stretches the plane is known: that is what turns the density of the Gaussian into the ',
              'one above. It learns by making its log-likelihood, the mean logarithm of the density that it gives to points of the ',
              'target, as high as it can. ',
              element('a', { href: '#/tutorial?section=3' }, 'The tutorial derives it.'),
            ),
            element(
              'p',
              { class: 'prose' },
              'No density has a higher mean log-likelihood than the one that the points come from; that is minus its entropy, ',
              'and known here, because the target is constant on each of its 96\u00a0\u00d7\u00a096 cells. What is missing is the ',
              'Kullback\u2013Leibler divergence from the target to the flow.',
            ),
            element(
              'p',
              { class: 'prose' },
              'The residuals of a pose run are how far labels of figures lie from where the network of ',
              element('a', { href: '#/pose' }, 'the room Pose'),
              ' expects them, in units of the spread that it gives: such a density is what the flow of RLE learns.',
            ),
          ),
        ],
      }),
    );
    again();
    return () => {
      training.close();
      for (const figure of Object.values(figures)) figure.close();
    };
  },
};

function showNumbers(host: HTMLElement, frame: FlowFrame, entropy: number, rate: number): void {
  const { steps, logLikelihood } = frame;
  host.dataset.steps = String(steps);
  host.dataset.logLikelihood = String(logLikelihood);
  showFacts(host, {
    Steps: String(steps),
    'Log-likelihood': [decimals(logLikelihood), 'nats'],
    'Best possible': [decimals(-entropy), 'nats'],
    Missing: [decimals(-entropy - logLikelihood), 'nats'],
    'Steps per second': rateText(rate),
  });
}

function letterField(settings: Settings, changed: () => void): HTMLElement {
  const input = element('input', { id: 'letter', type: 'text', maxlength: 2, autocomplete: 'off' });
  input.value = settings.text('letter', 'W');
  input.onchange = () => {
    settings.set('letter', input.value);
    changed();
  };
  return element('div', { class: 'control' }, element('label', { for: 'letter' }, 'Letter'), input);
}
