import type { Engine } from '../engine/engine.js';
import type { Session } from '../engine/session.js';
import { element } from '../shell/element.js';
import { showFacts } from '../shell/facts.js';
import type { FoundPose, NetworkFacts, PoseEngine, Spread } from './engine.js';
import { type BoxOfPerson, Stage } from './stage.js';
import { jointTable, meanDistance, median, poseInWords, rowsOf } from './words.js';

type PoseWorker = Engine<PoseEngine>;

/** The bytes of a file of weights. */
export interface Weights {
  readonly bytes: ArrayBuffer;
  readonly name: string;
}

/** A decoded picture. */
export interface NamedPicture {
  readonly bitmap: ImageBitmap;
  readonly name: string;
}

/** What the visitor has set. */
export interface ViewSettings {
  readonly seed: number;
  readonly level: number;
  readonly samples: number;
  /** Instead of the box that a generated figure comes with. */
  readonly box: BoxOfPerson | undefined;
}

/** Side of a generated figure in pixels. */
const SIDE = 480;
/** So many of the last times count for the median. */
const TIMES = 15;

/** A network that looks at a picture, and what is shown of what it sees. */
export class Viewer {
  readonly facts = element('dl', { class: 'figures' });
  readonly stage: Stage;
  readonly caption = element('figcaption');
  readonly says = element('p', { class: 'prose network' });
  readonly table: HTMLElement;
  readonly #rows = element('tbody');
  readonly #session: Session<PoseEngine>;
  readonly #settings: () => ViewSettings;
  readonly #boxed: (box: BoxOfPerson | undefined, isSetting: boolean) => void;
  /** The worker that is told of network and picture, and when it knows them. */
  #told: { readonly worker: PoseWorker; readonly ready: Promise<void> } | undefined;
  #weights: Weights | undefined;
  #picture: NamedPicture | undefined;
  #network: NetworkFacts | undefined;
  #pose: FoundPose | undefined;
  #truth: Float64Array | undefined;
  #box: BoxOfPerson | undefined;
  #times: number[] = [];

  /** @param boxed is told of the box of the person, where undefined means the whole picture, and whether a hand set it for a figure */
  constructor(
    session: Session<PoseEngine>,
    settings: () => ViewSettings,
    boxed: (box: BoxOfPerson | undefined, isSetting: boolean) => void,
  ) {
    this.#session = session;
    this.#settings = settings;
    this.#boxed = boxed;
    this.table = jointTable(this.#rows);
    this.stage = new Stage((box) => {
      this.box = box;
      this.run((worker) => this.find(worker));
    });
  }

  /** Does something with a worker that knows network and picture. */
  run(work: (worker: PoseWorker) => Promise<unknown>): void {
    void this.#session.run(async (worker) => {
      if (this.#told?.worker !== worker) this.#told = { worker, ready: this.#tell(worker) };
      await this.#told.ready;
      await work(worker);
    });
  }

  set box(box: BoxOfPerson | undefined) {
    this.#frame(box, this.#truth !== undefined);
  }

  #frame(box: BoxOfPerson | undefined, isSetting: boolean): void {
    this.#box = box;
    this.stage.frame(box);
    this.#boxed(box, isSetting);
  }

  /** Takes another network. A file that holds none leaves the one that was there, and the line says why. */
  async load(worker: PoseWorker, weights: Weights): Promise<boolean> {
    const loaded = await worker.ask('load', weights);
    if (typeof loaded === 'string') {
      this.#session.status.warn(loaded);
      return false;
    }
    this.#network = loaded;
    this.#weights = weights;
    this.#times = [];
    this.says.textContent = `${loaded.name}: ${loaded.architecture}; it sees ${loaded.input.join(' \u00d7 ')} pixels.`;
    return true;
  }

  /** Shows the generated figure of the seed. */
  async showFigure(worker: PoseWorker): Promise<void> {
    const { picture, joints, box } = await worker.ask('figure', { seed: this.#settings().seed, side: SIDE });
    this.#picture?.bitmap.close();
    this.#picture = undefined;
    this.stage.show(picture, picture.width, picture.height);
    this.#truth = joints;
    this.#frame(this.#settings().box ?? box, false);
  }

  /** Shows a picture of the visitor's, which is kept to tell the next worker. */
  async showPicture(worker: PoseWorker, picture: NamedPicture): Promise<void> {
    const { bitmap } = picture;
    this.stage.show(bitmap, bitmap.width, bitmap.height);
    if (this.#picture !== picture) this.#picture?.bitmap.close();
    this.#picture = picture;
    this.#truth = undefined;
    this.box = undefined;
    // A copy that moves shares its pixels; one that is sent would be copied while the page waits.
    const moved = await createImageBitmap(bitmap);
    await worker.ask('see', { bitmap: moved, name: picture.name }, [moved]);
  }

  /** Shows a picture of a film, whose box stays. */
  async showFrame(worker: PoseWorker, video: HTMLVideoElement): Promise<void> {
    const bitmap = await createImageBitmap(video);
    this.stage.show(video, video.videoWidth, video.videoHeight);
    this.#truth = undefined;
    await worker.ask('see', { bitmap, name: 'camera' }, [bitmap]);
  }

  /** Finds the pose and shows it. */
  async find(worker: PoseWorker): Promise<void> {
    const found = await worker.ask('predict', { box: this.#box ?? null });
    if (typeof found === 'string') return this.#session.status.warn(found);
    // The first one of a network compiles its kernels.
    if (this.#pose) this.#times = [...this.#times, found.milliseconds].slice(-TIMES);
    this.#pose = found;
    await this.draw(worker);
  }

  /** Shows the pose that was found last, with the settings as they are now. */
  async draw(worker: PoseWorker): Promise<void> {
    const spread = await worker.ask('spread', this.#settings());
    if (this.#pose && this.#network) this.#show(this.#pose, this.#network, spread);
  }

  async #tell(worker: PoseWorker): Promise<void> {
    this.#pose = undefined;
    await this.load(worker, this.#weights ?? (await siteWeights()));
    const [picture, box] = [this.#picture, this.#box];
    if (!picture) return this.showFigure(worker);
    await this.showPicture(worker, picture);
    this.box = box;
  }

  #show(pose: FoundPose, { schema, hasSigma }: NetworkFacts, spread: Spread): void {
    const { stage } = this;
    const truth = this.#truth;
    stage.draw({ schema, pose, spread, truth }, poseInWords(schema, pose, stage.size));
    stage.element.dataset.joints = JSON.stringify([...pose.joints]);
    this.#rows.replaceChildren(...rowsOf(schema, pose, spread, truth));
    const percent = `${Math.round(100 * this.#settings().level)}\u00a0%`;
    const ellipses = hasSigma
      ? `Each ellipse holds ${percent} of the density that the network predicts for its joint; the thin skeletons are drawn from it.`
      : 'This network does not say how sure it is, so there are no ellipses.';
    const more = truth
      ? 'The white skeleton beneath is where the joints are.'
      : 'Draw a box around a person who does not fill the picture.';
    this.caption.textContent = `${ellipses} ${more}`;
    showFacts(this.facts, {
      'Time per image': this.#times.length > 0 ? [median(this.#times).toPrecision(3), 'ms'] : '\u2013',
      Picture: stage.size.join(' \u00d7 '),
      Joints: String(schema.joints.length),
      ...(truth && { 'Off on average': [meanDistance(pose.joints, truth).toFixed(1), 'px'] }),
    });
  }
}

/** The network that comes with the page. */
async function siteWeights(): Promise<Weights> {
  const response = await fetch(new URL('./figures.safetensors', import.meta.url));
  if (!response.ok) throw new Error(`the network of this page: the server answers ${response.status}`);
  return { bytes: await response.arrayBuffer(), name: 'figures.safetensors' };
}
