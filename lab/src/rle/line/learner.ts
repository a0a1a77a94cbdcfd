import {
  add,
  capture,
  concat,
  type Device,
  div,
  neg,
  packParameters,
  Rng,
  reshape,
  scope,
  slice,
  type Tensor,
  tanh,
  valueAndGrad,
} from 'wgrad';
import { type AdamState, adam, mlp } from 'wgrad/nn';
import {
  type CouplingFlowParams,
  couplingFlow,
  errorsOf,
  type LogSNodes,
  logSNodes,
  type Prediction,
  rationalQuadratic,
  rle,
  sigmaOf,
  standardNegLog,
} from 'wgrad/rle';
import { below, errors, meanOf, tabulate } from './errorTable.js';
import { type Fit, gridX, LEVELS, type LineFrame } from './frame.js';
import { LOSSES, type Loss, type LossName, lossNames } from './losses.js';
import { drawLabels, type Noise, type Points } from './noise.js';

/** What a visitor chooses before the six begin to learn. */
export interface LineSettings {
  readonly noise: Noise;
  readonly batch: number;
  readonly seed: number;
}

const HELD_OUT = 768;
const SHOWN = 350;
/** Labels from which L2 and L1, which predict no sigma, get one for all x. */
const FOR_WIDTH = 256;
/** Where these begin among all x that the networks are asked. */
const OTHERS = HELD_OUT + gridX.length;
const WIDTH = 32;

const flow = couplingFlow({ dims: 1, couplings: 1, hidden: 1, transform: rationalQuadratic({ bins: 12 }) });
type FlowParams = CouplingFlowParams<'nets'>;
type Learned = { net: mlp.MlpParams; flow?: FlowParams };
type Params = Record<LossName, Learned>;
type State = { params: Params; moments: AdamState<Params> };
type Batch = { x: Tensor; y: Tensor; nodes: LogSNodes; lr: Tensor };

/** Six networks of one size, each of which learns from the same labels by a loss of its own, on any device. */
export class LineLearner {
  readonly #device: Device;
  readonly #noise: Noise;
  readonly #batch: number;
  readonly #labels: Rng;
  readonly #nodes: Rng;
  readonly #heldOut: Points;
  readonly #forWidth: Points;
  readonly #xs: Tensor;
  readonly #targets: Tensor;
  readonly #errors: Tensor;
  readonly #nodesOfFrame: LogSNodes;
  readonly #step;
  #state: State;
  #steps = 0;

  constructor(device: Device, { noise, batch, seed }: LineSettings) {
    const rng = new Rng(seed);
    this.#device = device;
    this.#noise = noise;
    this.#batch = batch;
    this.#labels = rng.split(1);
    this.#nodes = rng.split(2);
    this.#heldOut = drawLabels(noise, HELD_OUT, rng.split(3));
    this.#forWidth = drawLabels(noise, FOR_WIDTH, rng.split(4));
    const xs = Float32Array.of(...this.#heldOut.x, ...gridX, ...this.#forWidth.x);
    this.#xs = device.tensor(xs, [xs.length, 1]);
    this.#targets = device.tensor(this.#heldOut.y, [HELD_OUT, 1, 1]);
    this.#errors = device.tensor(errors, [errors.length, 1]);
    this.#nodesOfFrame = logSNodes('jitteredGrid', flow, device, { rng: rng.split(5) });
    const params = packParameters(initialise(rng.split(0), device));
    this.#state = { params, moments: adam.init(params) };
    const gradientOf = valueAndGrad((of: Params, { x, y, nodes }: Batch) =>
      Object.entries(of)
        .map(([name, learned]) => lossOf(name as LossName, learned, predict(learned.net, x), y, nodes))
        .reduce((sum, loss) => add(sum, loss)),
    );
    this.#step = capture((state: State, batch: Batch) => {
      const [loss, gradients] = gradientOf(state.params, batch);
      const [next, moments] = adam.step(state.params, gradients, state.moments, { lr: batch.lr });
      return { state: { params: next, moments }, loss };
    });
  }

  /** Learns from `count` batches. */
  async learn(count: number, lr: number): Promise<void> {
    const device = this.#device;
    for (let i = 0; i < count; i++) {
      const { x, y } = drawLabels(this.#noise, this.#batch, this.#labels);
      const batch: Batch = {
        x: device.tensor(x, [this.#batch, 1]),
        y: device.tensor(y, [this.#batch, 1, 1]),
        nodes: scope(() => logSNodes('jitteredGrid', flow, device, { rng: this.#nodes })),
        lr: device.tensor([lr], []),
      };
      if (this.#steps === 0) await this.#step.compile(this.#state, batch);
      this.#state = this.#step(this.#state, batch).state;
      for (const tensor of [batch.x, batch.y, batch.lr, batch.nodes.points, batch.nodes.logWeight]) tensor.dispose();
      this.#steps++;
    }
    await device.finished();
  }

  /** All that the page draws. */
  async frame(): Promise<LineFrame> {
    if (this.#steps === 0) await this.#device.compile?.(() => this.#rehearse());
    const fits = await Promise.all(lossNames.map((name) => this.#fitOf(name)));
    return {
      steps: this.#steps,
      fits: Object.fromEntries(lossNames.map((name, i) => [name, fits[i]])) as Record<LossName, Fit>,
      points: { x: this.#heldOut.x.slice(0, SHOWN), y: this.#heldOut.y.slice(0, SHOWN) },
    };
  }

  /** All that a frame computes on the device. */
  #rehearse(): void {
    for (const name of lossNames) {
      const [mu, logit] = this.#predictionOf(name);
      this.#judge(name, mu, logit, 1);
    }
  }

  #predictionOf(name: LossName) {
    const learned = this.#state.params[name];
    const prediction = predict(learned.net, this.#xs);
    const { mu, logit } = prediction;
    const heldOut = firstOf(prediction, HELD_OUT);
    const loss = lossOf(name, learned, heldOut, this.#targets, this.#nodesOfFrame);
    return [mu, logit, logit && sigmaOf(logit), loss] as const;
  }

  /** The errors of the labels that it does not learn from, in units of sigma, and the log-density of the table's errors and of these. */
  #judge(name: LossName, mu: Tensor, logit: Tensor | undefined, constant: number) {
    const heldOut = firstOf(logit ? { mu, logit } : { mu }, HELD_OUT);
    const unit = this.#device.tensor([constant], []);
    const e = div(reshape(errorsOf(heldOut, { target: this.#targets }), { shape: [HELD_OUT, 1] }), unit);
    const { flow } = this.#state.params[name];
    return [e, logDensityOf(flow, LOSSES[name].q, concat([this.#errors, e], { axis: 0 }))] as const;
  }

  async #fitOf(name: LossName): Promise<Fit> {
    const { hasLogS, isPlaceOpen, width } = LOSSES[name];
    const [mu, logit, sigma, loss] = scope(() => this.#predictionOf(name));
    const [mus, sigmas, losses] = await Promise.all([mu, sigma, loss].map((tensor) => tensor?.data()));
    // L2 and L1 take sigma as 1. The width that their densities need comes from labels that are not judged by.
    const constant = width?.(Array.from(this.#forWidth.y, (y, i) => (mus as ArrayLike<number>)[OTHERS + i] - y)) ?? 1;
    const [seen, logDensity] = scope(() => this.#judge(name, mu, logit, constant));
    const [es, logs] = await Promise.all([seen.data(), logDensity.data()]);
    for (const tensor of [mu, logit, sigma, loss, seen, logDensity]) tensor?.dispose();

    const { table, logMass } = tabulate(logs.subarray(0, errors.length));
    const sigmaAt = (i: number) => (sigmas ? sigmas[i] : constant);
    const logLikelihoods = Array.from(
      es,
      (_, i) => logs[errors.length + i] - (hasLogS ? logMass : 0) - Math.log(sigmaAt(i)),
    );
    const shares = Array.from(es, (e) => below(table, e));
    const muOfGrid = Float32Array.from(gridX, (_, i) => (mus as ArrayLike<number>)[HELD_OUT + i]);
    const sigmaOfGrid = Float32Array.from(gridX, (_, i) => sigmaAt(HELD_OUT + i));
    const shift = isPlaceOpen ? meanOf(table) : 0;
    return {
      mu: muOfGrid,
      sigma: sigmaOfGrid,
      place: muOfGrid.map((at, i) => at - sigmaOfGrid[i] * shift),
      table,
      loss: (losses as ArrayLike<number>)[0],
      logLikelihood: logLikelihoods.reduce((sum, log) => sum + log, 0) / HELD_OUT,
      coverage: LEVELS.map((level) => shares.filter((share) => Math.abs(2 * share - 1) <= level).length / HELD_OUT),
    };
  }
}

function initialise(rng: Rng, device: Device): Params {
  const made = lossNames.map((name): [LossName, Learned] => {
    const { hasFlow, width } = LOSSES[name];
    // The same generator for all, so that the six begin alike.
    const net = mlp.init(rng.split(0), device, { sizes: [1, WIDTH, WIDTH, width ? 1 : 2] });
    return [name, hasFlow ? { net, flow: flow.init(rng.split(1), device) } : { net }];
  });
  return Object.fromEntries(made) as Params;
}

/** mu and, where the network has a second output, the logit of sigma, at x [n, 1]. */
function predict(net: mlp.MlpParams, x: Tensor): Prediction {
  const made = mlp.apply(net, x, tanh);
  const [n, outputs] = made.shape;
  const column = (i: number) => reshape(slice(made, { begin: [0, i], end: [n, i + 1] }), { shape: [n, 1, 1] });
  return outputs === 2 ? { mu: column(0), logit: column(1) } : { mu: column(0) };
}

function firstOf({ mu, logit }: Prediction, count: number): Prediction {
  const part = (t: Tensor) => slice(t, { begin: [0, 0, 0], end: [count, 1, 1] });
  return logit ? { mu: part(mu), logit: part(logit) } : { mu: part(mu) };
}

function lossOf(name: LossName, learned: Learned, prediction: Prediction, target: Tensor, nodes: LogSNodes): Tensor {
  const { options, hasLogS } = LOSSES[name];
  const ofFlow = learned.flow ? { flow, params: learned.flow, ...(hasLogS ? { logS: nodes } : {}) } : {};
  return rle(prediction, { target }, { ...options, ...ofFlow });
}

/** The logarithm of the density of errors [n, 1], up to log s. */
function logDensityOf(params: FlowParams | undefined, q: Loss['q'], e: Tensor): Tensor {
  const logQ = q && neg(reshape(standardNegLog(q, e), { shape: [e.shape[0]] }));
  const logG = params && flow.logProb(params, e);
  return logQ && logG ? add(logQ, logG) : ((logQ ?? logG) as Tensor);
}
