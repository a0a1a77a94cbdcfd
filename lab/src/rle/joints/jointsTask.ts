import { chooser } from '../../shell/controls.js';
import { element } from '../../shell/element.js';
import { rateText, showFacts } from '../../shell/facts.js';
import { Figure } from '../../shell/figure.js';
import { decimals } from '../../shell/numbers.js';
import { panel } from '../../shell/panel.js';
import type { Settings } from '../../shell/settings.js';
import { Training } from '../../shell/training.js';
import { TrainingSettings } from '../../shell/trainingSettings.js';
import { workbench } from '../../shell/workbench.js';
import { JOINT_LOSSES, type JointLoss, type JointsFrame, LEVELS, type Shown } from './frame.js';
import type { JointsSettings } from './learner.js';
import { paintCourse, paintHeld, paintPose, pictureOf, type Reading } from './picture.js';

const STANDARD = { lr: 0.002, speed: 2 };
const WIDTHS = { 8: 'Narrow: 8 channels', 16: 'Middle: 16 channels', 32: 'Wide: 32 channels' } as const;
const SHOWN = 6;

/** What the address asks the network to be. */
export function jointsSettings(settings: Settings): JointsSettings {
  return {
    loss: settings.choice('loss', Object.keys(JOINT_LOSSES) as JointLoss[], 'rle'),
    width: Number(settings.choice('width', Object.keys(WIDTHS), '8')),
    batch: Math.round(settings.number('batch', 16, 4, 128)),
    seed: new TrainingSettings(settings, STANDARD).seed(),
  };
}

/** A pose network that learns in the page. The result is called when the visitor leaves. */
export function enterJoints(host: HTMLElement, settings: Settings): () => void {
  let frame: JointsFrame | undefined;
  let shown: readonly { readonly of: Shown; readonly picture: OffscreenCanvas }[] = [];
  let readings: Reading[] = [];
  const facts = element('dl', { class: 'figures' });
  const levels = Object.fromEntries(LEVELS.map((level) => [String(level), `${100 * level}\u00a0% of labels`]));
  const level = () => LEVELS.indexOf(Number(settings.choice('level', Object.keys(levels), '0.8')));

  const poses = Array.from(
    { length: SHOWN },
    (_, i) =>
      new Figure({
        aspect: 1,
        label: `Generated figure ${i + 1}, which the network does not learn from, with the predicted skeleton`,
        paint(pen) {
          if (!frame || !shown[i]) return;
          paintPose(pen, shown[i].picture, shown[i].of, frame.poses[i], frame.limbs, frame.radii[level()]);
        },
      }),
  );
  const course = new Figure({
    aspect: 0.5,
    label: 'Mean error of joints over steps',
    paint: (pen) => readings.length > 0 && paintCourse(pen, readings),
  });
  const held = new Figure({
    aspect: 0.5,
    label: 'Share of labels inside of ellipses, against their nominal share',
    paint: (pen) => frame && paintHeld(pen, LEVELS, frame),
  });
  const figures = [...poses, course, held];

  const asked = new TrainingSettings(settings, STANDARD);
  const training = new Training<JointsFrame & { seconds: number }>({
    room: 'rle',
    settings: () => ({ task: 'joints', ...jointsSettings(settings) }),
    ...asked.options(),
    show(next, rate) {
      frame = next;
      if (next.shown) shown = next.shown.map((of) => ({ of, picture: pictureOf(of) }));
      if (next.steps === 0) readings = [];
      readings.push({ step: next.steps, error: next.error });
      for (const figure of figures) figure.paint();
      showNumbers(facts, next, level(), rate);
    },
  });
  const again = () => training.restart();
  const redraw = () => {
    for (const figure of poses) figure.paint();
    if (frame) showNumbers(facts, frame, level(), 0);
  };

  host.append(
    training.status,
    workbench({
      head: [training.buttons, chooser(settings, 'loss', 'Loss', JOINT_LOSSES, 'rle', again)],
      settings: [
        chooser(settings, 'level', 'Ellipses for', levels, '0.8', redraw),
        chooser(settings, 'width', 'Network', WIDTHS, '8', again),
        asked.controls(again),
      ],
      results: [
        facts,
        element(
          'p',
          { class: 'key' },
          element('span', {}, element('b', {}, 'Skeleton'), ' what the network predicts'),
          element('span', {}, element('b', {}, 'Rings'), ' where the joints are'),
          element('span', {}, element('b', {}, 'Ellipses'), ' where it thinks they may be'),
        ),
        element(
          'div',
          { class: 'panels six pictures' },
          poses.map(({ canvas }) => element('figure', {}, canvas)),
        ),
        element(
          'div',
          { class: 'panels pair' },
          panel(course.canvas, 'Error', 'mean distance of a joint from where it is'),
          panel(held.canvas, 'Ellipses', 'how many labels they hold; dotted is right'),
        ),
        element(
          'p',
          { class: 'prose' },
          'A ResNet-18 of few channels learns from 2,000 generated figures; these six, and 58 more that the figures above are of, it ',
          'never learns from. An ellipse is drawn from sigma and from draws of the flow: sigma alone has no unit. Labels have noise, ',
          'and a few of them are far off, as in real data sets: that is what the ellipses should hold.',
        ),
      ],
    }),
  );
  again();
  return () => {
    training.close();
    for (const figure of figures) figure.close();
  };
}

function showNumbers(host: HTMLElement, { steps, loss, error, held }: JointsFrame, level: number, rate: number): void {
  host.dataset.steps = String(steps);
  host.dataset.error = String(error);
  showFacts(host, {
    Steps: String(steps),
    'Error, of the crop': [decimals(error, 1), '%'],
    'Loss of a joint': [decimals(loss, 2), 'nats'],
    [`${100 * LEVELS[level]}\u00a0% ellipses hold`]: [(100 * held[level]).toFixed(0), '%'],
    'Steps per second': rateText(rate),
  });
}
