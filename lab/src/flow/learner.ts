import { capture, type Device, mean, neg, packParameters, Rng, scope, type Tensor, valueAndGrad } from 'wgrad';
import { type AdamState, adam } from 'wgrad/nn';
import { couplingFlow, type Flow, rationalQuadratic, realNvp } from 'wgrad/rle';
import type { Cells } from '../cells.js';
import { drawPoints, EXTENT } from './targets.js';

/** What a visitor chooses before the flow starts to learn. */
export interface FlowSettings {
  readonly couplings: 'affine' | 'spline';
  readonly layers: number;
  readonly hidden: number;
  readonly batch: number;
  readonly seed: number;
}

/** What the page draws of the flow. */
export interface FlowFrame {
  readonly steps: number;
  /** Mean log-density of points that the flow does not learn from, in nats. */
  readonly logLikelihood: number;
  /** Log-density at the centres of `side` x `side` cells, row by row from the lowest. */
  readonly logDensity: Float32Array;
  readonly side: number;
  /** Draws of the flow, row-major [n, 2]. */
  readonly samples: Float32Array;
  /** Lines of the base space, moved by the flow: `lines` of as many points each. */
  readonly grid: Float32Array;
  readonly lines: number;
}

const HELD_OUT = 2048;
const SAMPLES = 600;
/** Grid lines of the base space lie from -REACH to REACH in both directions. */
const REACH = 2.5;
const LINES = 11;
const POINTS_OF_LINE = 61;

/** One kind of parameters per coupling would make every caller generic; here only this file looks inside. */
type Params = { readonly [part: string]: Tensor | Params } | readonly Params[];
type State = { params: Params; moments: AdamState<Params> };

function flowOf({ couplings, layers, hidden }: FlowSettings): Flow<Params> {
  const options = { dims: 2, couplings: layers, hidden } as const;
  const flow =
    couplings === 'affine'
      ? realNvp(options)
      : couplingFlow({ ...options, transform: rationalQuadratic({ bins: 8, bound: EXTENT + 1 }) });
  return flow as unknown as Flow<Params>;
}

/** A flow that learns the density of a target, on any device. */
export class FlowLearner {
  readonly #device: Device;
  readonly #flow: Flow<Params>;
  readonly #target: Cells;
  readonly #batch: number;
  readonly #data: Rng;
  readonly #heldOut: Tensor;
  readonly #noise: Tensor;
  readonly #lines: Tensor;
  readonly #side: number;
  readonly #cells: Tensor;
  readonly #step;
  #state: State;
  #steps = 0;

  constructor(device: Device, target: Cells, settings: FlowSettings) {
    const rng = new Rng(settings.seed);
    this.#device = device;
    this.#target = target;
    this.#batch = settings.batch;
    this.#data = rng.split(1);
    const flow = flowOf(settings);
    this.#flow = flow;
    const params = packParameters(flow.init(rng.split(0), device));
    this.#state = { params, moments: adam.init(params) };
    this.#heldOut = device.tensor(drawPoints(target, HELD_OUT, rng.split(2)), [HELD_OUT, 2]);
    const base = rng.split(3);
    this.#noise = device.tensor(
      Float32Array.from({ length: 2 * SAMPLES }, () => base.normal()),
      [SAMPLES, 2],
    );
    this.#lines = device.tensor(gridLines(), [2 * LINES * POINTS_OF_LINE, 2]);
    this.#side = device.kind === 'cpu' ? 36 : 72;
    this.#cells = device.tensor(cellCentres(this.#side), [this.#side ** 2, 2]);
    const lossOf = valueAndGrad((of: Params, points: Tensor) => neg(mean(flow.logProb(of, points))));
    this.#step = capture((state: State, { points, lr }: { points: Tensor; lr: Tensor }) => {
      const [loss, gradients] = lossOf(state.params, points);
      const [next, moments] = adam.step(state.params, gradients, state.moments, { lr, clipNorm: 5 });
      return { state: { params: next, moments }, loss };
    });
  }

  /** Learns from `count` batches. */
  async learn(count: number, lr: number): Promise<void> {
    const device = this.#device;
    for (let i = 0; i < count; i++) {
      const points = device.tensor(drawPoints(this.#target, this.#batch, this.#data), [this.#batch, 2]);
      const rate = device.tensor([lr], []);
      if (this.#steps === 0) await this.#step.compile(this.#state, { points, lr: rate });
      this.#state = this.#step(this.#state, { points, lr: rate }).state;
      points.dispose();
      rate.dispose();
      this.#steps++;
    }
    await device.finished();
  }

  /** Mean log-density of the held-out points, in nats. */
  async logLikelihood(): Promise<number> {
    const measured = scope(() => this.#meanLog());
    const value = await measured.item();
    measured.dispose();
    return value;
  }

  /** All that the page draws. */
  async frame(): Promise<FlowFrame> {
    if (this.#steps === 0) await this.#device.compile?.(() => void this.#views());
    const views = scope(() => this.#views());
    const [[logLikelihood], ...data] = await Promise.all(views.map((view) => view.data()));
    for (const view of views) view.dispose();
    const [logDensity, samples, grid] = data.map((values) => Float32Array.from(values));
    return {
      steps: this.#steps,
      logLikelihood,
      logDensity,
      side: this.#side,
      samples,
      grid,
      lines: 2 * LINES,
    };
  }

  #meanLog(): Tensor {
    return mean(this.#flow.logProb(this.#state.params, this.#heldOut));
  }

  #views(): readonly Tensor[] {
    const { params } = this.#state;
    return [
      this.#meanLog(),
      this.#flow.logProb(params, this.#cells),
      this.#flow.forward(params, this.#noise)[0],
      this.#flow.forward(params, this.#lines)[0],
    ];
  }
}

function cellCentres(side: number): Float32Array {
  const centre = (i: number) => ((2 * i + 1) / side - 1) * EXTENT;
  return Float32Array.from({ length: 2 * side * side }, (_, k) => {
    const cell = k >> 1;
    return centre(k % 2 === 0 ? cell % side : Math.floor(cell / side));
  });
}

function gridLines(): Float32Array {
  const along = (i: number, count: number) => ((2 * i) / (count - 1) - 1) * REACH;
  const points: number[] = [];
  for (const upright of [true, false]) {
    for (let line = 0; line < LINES; line++) {
      for (let i = 0; i < POINTS_OF_LINE; i++) {
        const [fixed, moving] = [along(line, LINES), along(i, POINTS_OF_LINE)];
        points.push(...(upright ? [fixed, moving] : [moving, fixed]));
      }
    }
  }
  return Float32Array.from(points);
}
