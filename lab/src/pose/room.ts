import type { Engine } from '../engine/engine.js';
import { Session } from '../engine/session.js';
import { button, numberField, slider, sliderValue } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { acceptDrops, bytesOf, fileButton } from '../shell/files.js';
import type { Room } from '../shell/room.js';
import { workbench } from '../shell/workbench.js';
import { Camera } from './camera.js';
import type { PoseEngine } from './engine.js';
import './pose.css';
import { decodePicture } from './picture.js';
import type { BoxOfPerson } from './stage.js';
import { Viewer } from './viewer.js';

const SEED = { standard: 5, least: 0, most: 999_999 };
const LEVEL = { standard: 0.5, least: 0.3, most: 0.99, step: 0.01 };
const SAMPLES = { standard: 6, least: 0, most: 40, step: 1 };
const PICTURE = /\.(jpe?g|jfif|png|webp|avif|gif|bmp|svg|heic|tiff?)$/i;

export const poseRoom: Room = {
  name: 'pose',
  title: 'Pose',
  lead: 'A pose network on a picture of yours: where it sees the joints, and how sure it is of each. Nothing leaves this page.',
  enter(host, settings) {
    let camera: Camera | undefined;
    const seed = () => Math.round(settings.number('seed', SEED.standard, SEED.least, SEED.most));
    const session = new Session<PoseEngine>('pose', {
      reference: () => settings.text('device', 'best') === 'reference',
    });
    const person = element('input', {
      id: 'person',
      type: 'text',
      placeholder: 'the whole picture',
      autocomplete: 'off',
    });
    const viewer = new Viewer(
      session,
      () => ({
        seed: seed(),
        level: sliderValue(settings, 'level', LEVEL),
        samples: Math.round(sliderValue(settings, 'samples', SAMPLES)),
        box: parseBox(settings.text('box', '')) ?? undefined,
      }),
      (box, isSetting) => {
        person.value = box ? box.map((v) => Math.round(v)).join(' ') : '';
        person.setCustomValidity('');
        if (isSetting) settings.set('box', person.value);
      },
    );
    const warn = (error: unknown) => session.status.warn((error as Error).message);
    const redraw = () => viewer.run((worker) => viewer.draw(worker));
    const find = () => viewer.run((worker) => viewer.find(worker));

    person.onchange = () => {
      const box = parseBox(person.value);
      if (box === null) {
        person.setCustomValidity('left, top, width and height in pixels, such as 40 20 200 400');
        return void person.reportValidity();
      }
      viewer.box = box;
      find();
    };

    const endCamera = () => {
      camera?.close();
      camera = undefined;
      film.textContent = 'Camera';
    };
    const showFigure = () => {
      endCamera();
      settings.set('box', '');
      viewer.run(async (worker) => {
        await viewer.showFigure(worker);
        await viewer.find(worker);
      });
    };
    const takePicture = async (file: File) => {
      try {
        const picture = { bitmap: await decodePicture(file), name: file.name };
        endCamera();
        settings.set('box', '');
        viewer.run(async (worker) => {
          await viewer.showPicture(worker, picture);
          session.status.say(`${file.name} is shown; it has not left this page.`);
          await viewer.find(worker);
        });
      } catch (error) {
        warn(error);
      }
    };
    const takeWeights = async (file: File) => {
      try {
        const weights = { bytes: await bytesOf(file), name: file.name };
        viewer.run(async (worker) => {
          if (!(await viewer.load(worker, weights))) return;
          session.status.say(`${file.name} is used now.`);
          await viewer.find(worker);
        });
      } catch (error) {
        warn(error);
      }
    };
    const take = ([file]: readonly File[]) => {
      if (!file) return;
      const isPicture = file.type.startsWith('image/') || PICTURE.test(file.name);
      void (isPicture ? takePicture(file) : takeWeights(file));
    };
    const watch = async (worker: Engine<PoseEngine>, mine: Camera) => {
      while (camera === mine) {
        await viewer.showFrame(worker, mine.video);
        await viewer.find(worker);
        await new Promise(requestAnimationFrame);
      }
    };
    const startCamera = async () => {
      try {
        const mine = await Camera.open();
        endCamera();
        camera = mine;
        film.textContent = 'Stop';
        viewer.box = undefined;
        viewer.run((worker) => watch(worker, mine));
      } catch (error) {
        warn(error);
      }
    };
    const film = button('Camera', () => {
      if (camera) endCamera();
      else void startCamera();
    });
    const another = button('Another figure', () => {
      const field = host.querySelector<HTMLInputElement>('input[name=seed]');
      settings.set('seed', (seed() + 1) % SEED.most);
      if (field) field.value = String(seed());
      showFigure();
    });

    host.append(
      session.status.element,
      workbench({
        head: [element('div', { class: 'buttons pair' }, fileButton('Picture\u2026', 'image/*', take), film)],
        settings: [
          numberField(settings, 'seed', 'Generated figure', SEED, showFigure),
          element('div', { class: 'buttons one' }, another),
          element('div', { class: 'control' }, element('label', { for: 'person' }, 'Box of the person'), person),
          slider(settings, 'level', 'Ellipses hold', LEVEL, redraw),
          slider(settings, 'samples', 'Sampled poses', SAMPLES, redraw),
          element(
            'div',
            { class: 'buttons one' },
            fileButton(
              'Another network\u2026',
              '.safetensors,.pth,.pt,.bin',
              ([file]) => file && void takeWeights(file),
            ),
          ),
        ],
        results: [viewer.facts, element('figure', {}, viewer.stage.element, viewer.caption), viewer.says],
        beside: viewer.table,
      }),
      element(
        'p',
        { class: 'prose' },
        'The network that comes with this page was trained for a few minutes on generated figures, so it knows little of ',
        'photographs. Drop the ',
        element('code', {}, 'best.safetensors'),
        ' of a run of ',
        element('code', {}, 'wgrad-pose train'),
        ' here, or weights of another code that wgrad-pose reads. Their joints and conventions are read from the file.',
      ),
    );
    // The second one is timed: the first compiles.
    viewer.run(async (worker) => {
      await viewer.find(worker);
      await viewer.find(worker);
    });
    const refuse = acceptDrops(host, take);
    return () => {
      endCamera();
      session.stop();
      refuse();
    };
  },
};

/** `left top width height`; undefined for an empty text, null for one that is no box. */
function parseBox(text: string): BoxOfPerson | undefined | null {
  const numbers = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number);
  if (numbers.length === 0) return undefined;
  const [x, y, width, height] = numbers;
  const isBox = numbers.length === 4 && numbers.every(Number.isFinite) && width > 0 && height > 0;
  return isBox ? [x, y, width, height] : null;
}
