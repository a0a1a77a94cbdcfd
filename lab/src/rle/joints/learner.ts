import { capture, type Device, packParameters, Rng, scope, type Tensor, tensorsOf, valueAndGrad } from 'wgrad';
import { type AdamState, adam } from 'wgrad/nn';
import {
  calibrated,
  drawErrors,
  drawStandard,
  ellipse,
  ellipseRadius,
  errorMoments,
  type LogSNodes,
  logSNodes,
  mahalanobis,
  type PlaneMoments,
  type Prediction,
  type RealNvpParams,
  realNvp,
  regressor,
  rle,
} from 'wgrad/rle';
import {
  cropAround,
  encodeJoints,
  figures,
  flipOrder,
  lsp14,
  type PoseSample,
  type PoseSplit,
  warpCrop,
} from 'wgrad-pose';
import { type FigurePose, type JointLoss, type JointsFrame, LEVELS, type Shown } from './frame.js';

export interface JointsSettings {
  readonly loss: JointLoss;
  readonly width: number;
  readonly batch: number;
  readonly seed: number;
}

/** Side of the network's input in pixels. */
const INPUT = 48;
const TRAINING = 2000;
const HELD_OUT = 64;
const SHOWN = 6;
/** Side of the pictures that the page shows. */
const PICTURE = 220;
/** People who stand and face the camera, so that a few hundred steps show something. */
const EASY = { tumbling: 0, backs: 0, profiles: 0, clutter: 1, occluders: 0.05 };
const DRAWS = 2048;
const JOINTS = lsp14.joints.length;
const ORDER = flipOrder(lsp14);

const FLOW = { hidden: 32 };
const flow = realNvp({ dims: 2, ...FLOW });

type Params = regressor.RegressorParams;
type State = {
  params: Params;
  moments: AdamState<Params>;
  statistics: regressor.RegressorState;
};
type Batch = { images: Tensor; target: Tensor; nodes: LogSNodes | undefined; lr: Tensor };

/** A sample as the network sees it. */
interface Encoded {
  readonly pixels: Float32Array;
  readonly labels: Float32Array;
}

/** A small ResNet that learns where the joints of generated figures are, and how sure it may be; on any device. */
export class JointsLearner {
  readonly #device: Device;
  readonly #loss: JointLoss;
  readonly #batch: number;
  readonly #training: PoseSplit;
  readonly #encoded = new Map<number, Encoded>();
  readonly #order: Rng;
  readonly #nodes: Rng;
  readonly #seed: number;
  readonly #heldOut: {
    readonly images: Tensor;
    readonly target: Tensor;
    readonly labels: readonly Float32Array[];
    readonly truth: readonly Float64Array[];
  };
  readonly #step;
  #shown: readonly Shown[] | undefined;
  #state: State;
  #steps = 0;

  static async open(device: Device, settings: JointsSettings): Promise<JointsLearner> {
    const data = figures({ ...EASY, seed: 1 + settings.seed, size: 64, train: TRAINING, test: HELD_OUT });
    const held = await Promise.all(Array.from({ length: HELD_OUT }, (_, i) => data.test.sample(i)));
    const shown = await Promise.all(held.slice(0, SHOWN).map(show));
    return new JointsLearner(device, settings, data.train, held, shown);
  }

  private constructor(
    device: Device,
    { loss, width, batch, seed }: JointsSettings,
    training: PoseSplit,
    held: readonly PoseSample[],
    shown: readonly Shown[],
  ) {
    const rng = new Rng(seed);
    this.#device = device;
    this.#loss = loss;
    this.#batch = batch;
    this.#seed = seed;
    this.#training = training;
    this.#order = rng.split(1);
    this.#nodes = rng.split(2);
    this.#shown = shown;
    const encoded = held.map(encode);
    this.#heldOut = { ...this.#upload(encoded), labels: encoded.map(({ labels }) => labels), truth: held.map(truthOf) };
    const { params, state } = regressor.init(rng.split(0), device, { joints: JOINTS, width, stem: 3, flow: FLOW });
    const packed = packParameters(params);
    this.#state = { params: packed, moments: adam.init(packed), statistics: packParameters(state) };
    const gradientOf = valueAndGrad(
      (of: Params, statistics: regressor.RegressorState, { images, target, nodes }: Batch) => {
        const [prediction, next] = regressor.apply(of, statistics, images, { training: true });
        return [lossOf(loss, of.flow, prediction, target, nodes), next] as const;
      },
      { aux: true },
    );
    this.#step = capture((state: State, batch: Batch) => {
      const [[value, statistics], gradients] = gradientOf(state.params, state.statistics, batch);
      const [params, moments] = adam.step(state.params, gradients, state.moments, { lr: batch.lr, clipNorm: 5 });
      return { state: { params, moments, statistics }, loss: value };
    });
  }

  /** Learns from `count` batches. */
  async learn(count: number, lr: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const samples: Encoded[] = [];
      for (let k = 0; k < this.#batch; k++)
        samples.push(await this.#sample(Math.floor(this.#order.uniform() * TRAINING)));
      const batch: Batch = {
        ...this.#upload(samples),
        nodes: this.#loss === 'rleLogS' ? this.#drawNodes(this.#nodes) : undefined,
        lr: this.#device.tensor([lr], []),
      };
      if (this.#steps === 0) await this.#step.compile(this.#state, batch);
      this.#state = this.#step(this.#state, batch).state;
      for (const tensor of tensorsOf(batch)) tensor.dispose();
      this.#steps++;
    }
    await this.#device.finished();
  }

  /** All that the page draws. */
  async frame(): Promise<JointsFrame> {
    const { labels, truth } = this.#heldOut;
    const rng = new Rng(this.#seed, 9);
    const { params } = this.#state;
    if (this.#steps === 0) await this.#device.compile?.(() => void flow.sample(params.flow, DRAWS, rng.split(0)));
    const errors = await this.#drawErrors(rng);
    const nodes = this.#loss === 'rleLogS' ? this.#drawNodes(rng) : undefined;
    if (this.#steps === 0) await this.#device.compile?.(() => void this.#judge(errors, nodes));
    const [loss, moments] = scope(() => this.#judge(errors, nodes));
    const radii = await Promise.all(LEVELS.map(async (level) => (await ellipseRadius(errors, level))[0]));
    const [value, joints, covariances] = await Promise.all([
      loss.item(),
      moments.mean.data(),
      moments.covariance.data(),
    ]);
    for (const tensor of tensorsOf([loss, moments, errors, nodes])) tensor.dispose();
    const poses = truth.map((_, i) => momentsOf(i, joints, covariances));
    const shown = this.#shown;
    this.#shown = undefined;
    return {
      steps: this.#steps,
      shown,
      poses: poses.slice(0, SHOWN).map(poseOf),
      radii,
      loss: value / JOINTS,
      error: 100 * meanOf(poses.flatMap((pose, i) => pose.map((joint, k) => distance(joint, truth[i], k)))),
      held: radii.map((radius) =>
        meanOf(poses.flatMap((pose, i) => pose.map((joint, k) => (deviations(joint, labels[i], k) <= radius ? 1 : 0)))),
      ),
      limbs: lsp14.limbs,
    };
  }

  /** The loss of figures that it does not learn from, and where it thinks that their joints are. */
  #judge(errors: Tensor, nodes: LogSNodes | undefined) {
    const { params, statistics } = this.#state;
    const { images, target } = this.#heldOut;
    const [prediction] = regressor.apply(params, statistics, images, { training: false });
    return [
      lossOf(this.#loss, params.flow, prediction, target, nodes),
      calibrated(prediction, errorMoments(errors)),
    ] as const;
  }

  async #sample(index: number): Promise<Encoded> {
    const known = this.#encoded.get(index);
    if (known) return known;
    const made = encode(await this.#training.sample(index));
    this.#encoded.set(index, made);
    return made;
  }

  #upload(samples: readonly Encoded[]): { images: Tensor; target: Tensor } {
    const count = samples.length;
    const images = new Float32Array(count * INPUT * INPUT * 3);
    const labels = new Float32Array(count * JOINTS * 2);
    samples.forEach((sample, i) => {
      images.set(sample.pixels, i * INPUT * INPUT * 3);
      labels.set(sample.labels, i * JOINTS * 2);
    });
    return {
      images: this.#device.tensor(images, [count, INPUT, INPUT, 3]),
      target: this.#device.tensor(labels, [count, JOINTS, 2]),
    };
  }

  #drawNodes(rng: Rng): LogSNodes {
    return scope(() => logSNodes('importance', flow, this.#device, { rng, samples: 1024 }));
  }

  /** Draws of the error in units of sigma, [n, 1, 2], from the density that the loss stands for. */
  #drawErrors(rng: Rng): Tensor | Promise<Tensor> {
    const { flow: params } = this.#state.params;
    if (this.#loss === 'laplace') {
      return scope(() => drawStandard('laplace', rng, this.#device, [DRAWS, 1, 2]));
    }
    const residualOf = this.#loss === 'rleLogS' ? ('laplace' as const) : undefined;
    return drawErrors(flow, params, { rng, count: DRAWS, ...(residualOf ? { residualOf } : {}) });
  }
}

function lossOf(
  loss: JointLoss,
  params: RealNvpParams,
  prediction: Prediction,
  target: Tensor,
  nodes: LogSNodes | undefined,
): Tensor {
  if (loss === 'laplace') return rle(prediction, { target }, { q: 'laplace' });
  return rle(prediction, { target }, { flow, params, ...(nodes ? { logS: nodes } : {}) });
}

function encode(sample: PoseSample): Encoded {
  const crop = cropAround(sample.box);
  const pixels = new Float32Array(INPUT * INPUT * 3);
  warpCrop(sample.image, crop, INPUT, INPUT, pixels);
  const labels = new Float32Array(2 * JOINTS);
  encodeJoints(sample.joints, sample.weights, crop, ORDER, labels, new Float32Array(JOINTS));
  return { pixels, labels };
}

/** The true joints, without the noise of labels, in the units of the crop. */
function truthOf({ box, joints, clean = joints, weights }: PoseSample): Float64Array {
  const truth = new Float64Array(2 * JOINTS);
  encodeJoints(clean, weights, cropAround(box), ORDER, truth, new Float64Array(JOINTS));
  return truth;
}

/** A sample as the page shows it: the crop of the finest picture there is. */
async function show(sample: PoseSample): Promise<Shown> {
  const image = (await sample.picture?.(2 * PICTURE)) ?? sample.image;
  const scale = image.width / sample.image.width;
  const [x, y, w, h] = sample.box;
  // Pixels have their centres at whole numbers, so a picture begins half a pixel before 0.
  const finer = (v: number) => (v + 0.5) * scale - 0.5;
  const colours = new Float32Array(PICTURE * PICTURE * 3);
  const levels = { mean: [0, 0, 0], std: [1, 1, 1], pixel: 0.5 } as const;
  warpCrop(image, cropAround([finer(x), finer(y), w * scale, h * scale]), PICTURE, PICTURE, colours, levels);
  return { side: PICTURE, pixels: Uint8Array.from(colours, (v) => 255 * v), truth: truthOf(sample) };
}

/** Mean and covariance of the joints of figure i, from [n, K, 2] and [n, K, 2, 2]. */
function momentsOf(i: number, means: ArrayLike<number>, covariances: ArrayLike<number>): PlaneMoments[] {
  return Array.from({ length: JOINTS }, (_, k) => {
    const at = JOINTS * i + k;
    const [xx, xy, yy] = [0, 1, 3].map((entry) => covariances[4 * at + entry]);
    return { mean: [means[2 * at], means[2 * at + 1]], covariance: [xx, xy, yy] };
  });
}

const poseOf = (moments: readonly PlaneMoments[]): FigurePose => ({
  joints: Float64Array.from(moments.flatMap(({ mean }) => mean)),
  ellipses: moments.map(({ mean, covariance }) => ellipse(mean, covariance, 1)),
});

const distance = ({ mean: [x, y] }: PlaneMoments, truth: ArrayLike<number>, k: number) =>
  Math.hypot(x - truth[2 * k], y - truth[2 * k + 1]);

const deviations = (moments: PlaneMoments, label: ArrayLike<number>, k: number) =>
  mahalanobis(label[2 * k], label[2 * k + 1], moments);

const meanOf = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
