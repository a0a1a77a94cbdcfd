import type { Engine } from '../engine/engine.js';
import { Session } from '../engine/session.js';
import { button, numberField, slider, sliderValue } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { acceptDrops, fileButton } from '../shell/files.js';
import type { Room } from '../shell/room.js';
import { Camera } from './camera.js';
import type { FoundPose, NetworkFacts, PoseEngine, Spread } from './engine.js';
import './pose.css';
import { decodePicture } from './picture.js';
import { type BoxOfPerson, Stage } from './stage.js';
import { jointTable, meanDistance, median, poseInWords, rowsOf } from './words.js';

const SEED = { standard: 5, least: 0, most: 999_999 };
const LEVEL = { standard: 0.5, least: 0.3, most: 0.99, step: 0.01 };
const SAMPLES = { standard: 6, least: 0, most: 40, step: 1 };
/** Side of a generated figure in pixels. */
const SIDE = 480;
/** So many of the last times count for the median. */
const TIMES = 15;
const PICTURE = /\.(jpe?g|jfif|png|webp|avif|gif|bmp|svg|heic|tiff?)$/i;

interface Weights {
  readonly bytes: ArrayBuffer;
  readonly name: string;
}

export const poseRoom: Room = {
  name: 'pose',
  title: 'Pose',
  lead: 'A pose network on a picture of yours: where it sees the joints, and how sure it is of each. Nothing leaves this page.',
  enter(host, settings) {
    const facts = element('dl', { class: 'figures' });
    const says = element('p', { class: 'prose network' });
    const caption = element('figcaption');
    const rows = element('tbody');
    let weights: Weights | undefined;
    let file: File | undefined;
    let camera: Camera | undefined;
    let network: NetworkFacts | undefined;
    let pose: FoundPose | undefined;
    let truth: Float64Array | undefined;
    let box: BoxOfPerson | undefined;
    let times: number[] = [];
    /** The worker that knows the network and the picture. */
    let known: Engine<PoseEngine> | undefined;

    const session = new Session<PoseEngine>('pose', {
      reference: () => settings.text('device', 'best') === 'reference',
    });
    const stage = new Stage((drawn) => {
      setBox(drawn);
      run(find);
    });
    const seed = () => Math.round(settings.number('seed', SEED.standard, SEED.least, SEED.most));

    const load = async (engine: Engine<PoseEngine>, given: Weights) => {
      network = await engine.ask('load', given);
      weights = given;
      times = [];
      says.textContent = `${network.name}: ${network.architecture}; it sees ${network.input.join(' \u00d7 ')} pixels.`;
    };
    const look = async (engine: Engine<PoseEngine>) => {
      if (camera) return;
      if (file) {
        const bitmap = await decodePicture(file);
        stage.show(bitmap, bitmap.width, bitmap.height);
        truth = undefined;
        await engine.ask('see', { bitmap, name: file.name }, [bitmap]);
        return;
      }
      const figure = await engine.ask('figure', { seed: seed(), side: SIDE });
      stage.show(figure.picture, figure.picture.width, figure.picture.height);
      truth = figure.joints;
      setBox(figure.box);
    };
    const find = async (engine: Engine<PoseEngine>) => {
      const found = await engine.ask('predict', { box: box ?? null });
      // The first one compiles the kernels.
      if (pose) times = [...times, found.milliseconds].slice(-TIMES);
      pose = found;
      await draw(engine);
    };
    const draw = async (engine: Engine<PoseEngine>) => {
      if (!pose || !network) return;
      const level = sliderValue(settings, 'level', LEVEL);
      const samples = Math.round(sliderValue(settings, 'samples', SAMPLES));
      const spread = await engine.ask('spread', { level, samples, seed: seed() });
      show(pose, network, spread, level);
    };
    const show = (found: FoundPose, { schema, hasSigma }: NetworkFacts, spread: Spread, level: number) => {
      stage.draw({ schema, pose: found, spread, truth }, poseInWords(schema, found, stage.size));
      stage.element.dataset.joints = JSON.stringify([...found.joints]);
      rows.replaceChildren(...rowsOf(schema, found, spread, truth));
      const percent = `${Math.round(100 * level)}\u00a0%`;
      caption.textContent =
        (hasSigma
          ? `Each ellipse holds ${percent} of the density that the network predicts for its joint; the thin skeletons are drawn from it.`
          : 'This network does not say how sure it is, so there are no ellipses.') +
        (truth
          ? ' The white skeleton below is where the joints are.'
          : ' Draw a box around a person who does not fill the picture.');
      const off = truth && meanDistance(found.joints, truth);
      const all: [string, string][] = [
        ['Time per image', times.length > 0 ? `${median(times).toPrecision(3)} ms` : '\u2013'],
        ['Picture', stage.size.join(' \u00d7 ')],
        ['Joints', String(schema.joints.length)],
        ...(off === undefined ? [] : [['Off on average', `${off.toFixed(1)} px`] as [string, string]]),
      ];
      facts.replaceChildren(
        ...all.map(([term, value]) => element('div', {}, element('dt', {}, term), element('dd', {}, value))),
      );
    };

    /** Does something with a worker that knows network and picture. */
    const run = (...work: readonly ((engine: Engine<PoseEngine>) => Promise<void>)[]) =>
      void session.run(async (engine) => {
        if (known !== engine) {
          pose = undefined;
          await load(engine, weights ?? (await siteWeights()));
          await look(engine);
          known = engine;
        }
        for (const one of work) await one(engine);
      });
    /** Something that fails without harm: what was there stays, and the line says why. */
    const orWarn = (work: (engine: Engine<PoseEngine>) => Promise<void>) => async (engine: Engine<PoseEngine>) => {
      try {
        await work(engine);
      } catch (error) {
        session.status.warn((error as Error).message);
      }
    };

    const person = element('input', {
      id: 'person',
      type: 'text',
      placeholder: 'the whole picture',
      autocomplete: 'off',
    });
    const setBox = (next: BoxOfPerson | undefined) => {
      box = next;
      stage.frame(next);
      person.value = next ? next.map((v) => Math.round(v)).join(' ') : '';
      person.setCustomValidity('');
    };
    person.onchange = () => {
      const numbers = person.value
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(Number);
      const isBox = numbers.length === 4 && numbers.every(Number.isFinite) && numbers[2] > 0 && numbers[3] > 0;
      if (numbers.length > 0 && !isBox) {
        person.setCustomValidity('left, top, width and height in pixels, such as 40 20 200 400');
        return void person.reportValidity();
      }
      setBox(isBox ? (numbers as unknown as BoxOfPerson) : undefined);
      run(find);
    };

    const endCamera = () => {
      camera?.close();
      camera = undefined;
      film.textContent = 'Camera';
    };
    const nextFigure = () => {
      endCamera();
      file = undefined;
      run(look, find);
    };
    const takePicture = (picture: File) => {
      const before = file;
      run(
        orWarn(async (engine) => {
          endCamera();
          file = picture;
          try {
            await look(engine);
          } catch (error) {
            file = before;
            throw error;
          }
          setBox(undefined);
          session.status.say(`${picture.name} is shown; it has not left this page.`);
          await find(engine);
        }),
      );
    };
    const takeWeights = (given: File) =>
      run(
        orWarn(async (engine) => {
          await load(engine, { bytes: await given.arrayBuffer(), name: given.name });
          session.status.say(`${given.name} is used now.`);
          await find(engine);
        }),
      );
    const take = (files: readonly File[]) => {
      const [first] = files;
      if (!first) return;
      if (first.type.startsWith('image/') || PICTURE.test(first.name)) takePicture(first);
      else takeWeights(first);
    };
    const startFilm = async (engine: Engine<PoseEngine>) => {
      const mine = await Camera.open();
      camera = mine;
      file = undefined;
      truth = undefined;
      setBox(undefined);
      film.textContent = 'Stop';
      while (camera === mine) {
        const { video } = mine;
        const bitmap = await createImageBitmap(video);
        if (camera !== mine) return;
        stage.show(video, video.videoWidth, video.videoHeight);
        await engine.ask('see', { bitmap, name: 'camera' }, [bitmap]);
        await find(engine);
        await new Promise(requestAnimationFrame);
      }
    };
    const film = button('Camera', () => {
      if (camera) endCamera();
      else run(orWarn(startFilm));
    });

    host.append(
      session.status.element,
      element(
        'div',
        { class: 'workbench' },
        element(
          'form',
          { class: 'controls', 'aria-label': 'Settings', onsubmit: (event) => event.preventDefault() },
          element(
            'div',
            { class: 'buttons pair' },
            fileButton('Picture\u2026', 'image/*', (files) => files[0] && takePicture(files[0])),
            film,
          ),
          numberField(settings, 'seed', 'Generated figure', SEED, nextFigure),
          element(
            'div',
            { class: 'buttons one' },
            button('Another figure', () => {
              const next = host.querySelector<HTMLInputElement>('input[name=seed]');
              settings.set('seed', (seed() + 1) % SEED.most);
              if (next) next.value = String(seed());
              nextFigure();
            }),
          ),
          element('div', { class: 'control' }, element('label', { for: 'person' }, 'Box of the person'), person),
          slider(settings, 'level', 'Ellipses hold', LEVEL, () => run(draw)),
          slider(settings, 'samples', 'Sampled poses', SAMPLES, () => run(draw)),
          element(
            'div',
            { class: 'buttons one' },
            fileButton(
              'Another network\u2026',
              '.safetensors,.pth,.pt,.bin',
              (files) => files[0] && takeWeights(files[0]),
            ),
          ),
        ),
        element(
          'div',
          { class: 'results' },
          facts,
          element('figure', {}, stage.element, caption),
          says,
          jointTable(rows),
        ),
      ),
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
    run(find, find);
    const refuse = acceptDrops(host, take);
    return () => {
      endCamera();
      session.stop();
      refuse();
    };
  },
};

/** The network that comes with the page. */
async function siteWeights(): Promise<Weights> {
  const url = new URL('./figures.safetensors', import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the network of this page: the server answers ${response.status}`);
  return { bytes: await response.arrayBuffer(), name: 'figures.safetensors' };
}
