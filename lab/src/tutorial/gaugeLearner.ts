import {
  add,
  broadcastTo,
  capture,
  type Device,
  packParameters,
  Rng,
  scope,
  type Tensor,
  tensorsOf,
  valueAndGrad,
} from 'wgrad';
import { type AdamState, adam } from 'wgrad/nn';
import { drawErrors, errorMoments, type RealNvpParams, realNvp, rle, sigmaOf } from 'wgrad/rle';

/** Standard deviation of the labels' Laplace errors. */
const TRUTH = 0.05;

/** Where sigma stands: with the flow of RLE, whose own width is `std`, and with a Laplace, whose width is fixed. */
export interface GaugeFrame {
  readonly steps: number;
  readonly rle: { readonly sigma: number; readonly std: number };
  readonly laplace: { readonly sigma: number; readonly std: number };
}

const BATCH = 64;
const SHAPE = [BATCH, 1, 2];
const DRAWS = 1024;
const flow = realNvp({ dims: 2, hidden: 16 });

/** One sigma per coordinate for all labels of each loss, and the flow. */
type Params = { rle: Tensor; laplace: Tensor; flow: RealNvpParams };
type State = { params: Params; moments: AdamState<Params> };

/** The figure of the tutorial's section 6, learned step by step: labels around a perfect mu, whose errors keep their size. */
export class GaugeLearner {
  readonly #device: Device;
  readonly #labels = new Rng(1);
  readonly #step;
  #state: State;
  #steps = 0;

  constructor(device: Device) {
    this.#device = device;
    const logit = () => device.tensor([-2, -2]);
    const params = packParameters<Params>({ rle: logit(), laplace: logit(), flow: flow.init(new Rng(0), device) });
    this.#state = { params, moments: adam.init(params) };
    const mu = device.zeros(SHAPE);
    const predict = (of: Tensor) => ({ mu, logit: broadcastTo(of, { shape: SHAPE }) });
    const gradientOf = valueAndGrad((p: Params, target: Tensor) =>
      add(
        rle(predict(p.rle), { target }, { flow, params: p.flow, variant: 'official' }),
        rle(predict(p.laplace), { target }, { q: 'laplace' }),
      ),
    );
    this.#step = capture((state: State, { target, lr }: { target: Tensor; lr: Tensor }) => {
      const [loss, gradients] = gradientOf(state.params, target);
      const [next, moments] = adam.step(state.params, gradients, state.moments, { lr });
      return { state: { params: next, moments }, loss };
    });
  }

  /** Learns from `count` batches. */
  async learn(count: number, lr: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const batch = { target: this.#device.tensor(this.#drawLabels(), SHAPE), lr: this.#device.tensor([lr], []) };
      if (this.#steps === 0) await this.#step.compile(this.#state, batch);
      this.#state = this.#step(this.#state, batch).state;
      for (const tensor of tensorsOf(batch)) tensor.dispose();
      this.#steps++;
    }
    await this.#device.finished();
  }

  /** All that the page draws. */
  async frame(): Promise<GaugeFrame> {
    const { params } = this.#state;
    if (this.#steps === 0) await this.#device.compile?.(() => void flow.sample(params.flow, DRAWS, new Rng(2)));
    const errors = await drawErrors(flow, params.flow, { rng: new Rng(2), count: DRAWS });
    const views = scope(() => [sigmaOf(params.rle), sigmaOf(params.laplace), errorMoments(errors).std]);
    const [sigma, fixed, std] = (await Promise.all(views.map((view) => view.data()))).map(([x, y]) => (x + y) / 2);
    for (const tensor of [errors, ...views]) tensor.dispose();
    return { steps: this.#steps, rle: { sigma, std }, laplace: { sigma: fixed, std: Math.SQRT2 } };
  }

  /** Laplace errors, as differences of exponentials. */
  #drawLabels(): Float32Array {
    const exponential = () => -Math.log(1 - this.#labels.uniform());
    return Float32Array.from({ length: 2 * BATCH }, () => (TRUTH / Math.SQRT2) * (exponential() - exponential()));
  }
}
