import { calibrationError } from '../../../pose/src/metrics/calibration.js';
import { placeLabels } from '../../../pose/src/metrics/labelPlaces.js';
import { errorDensity } from '../../../pose/src/uncertainty/errorDensity.js';
import { capture } from '../../../src/autograd/capture.js';
import { valueAndGrad } from '../../../src/autograd/grad.js';
import { reshape } from '../../../src/kernels/layout/reshape.js';
import * as linear from '../../../src/nn/linear.js';
import { type AdamState, adam } from '../../../src/nn/optim.js';
import { namedTensors } from '../../../src/nn/tree.js';
import { drawStandard, type StandardDensity } from '../../../src/rle/density.js';
import { type LogSNodes, logSNodes } from '../../../src/rle/logS.js';
import { drawErrors } from '../../../src/rle/predictive.js';
import { rle } from '../../../src/rle/rle.js';
import { sigmaOf } from '../../../src/rle/sigma.js';
import { packParameters } from '../../../src/tensor/arena.js';
import { Rng } from '../../../src/tensor/rng.js';
import { scope } from '../../../src/tensor/scope.js';
import type { Device, Tensor } from '../../../src/tensor/tensor.js';
import type { Form } from './forms.js';
import { drawScenes, FEATURES, JOINTS, SCALE, type Scenes, TRAIN } from './line.js';
import type { Noise } from './noise.js';

/** What a run is worth on new scenes; lengths in units of the usual scale of the errors, log densities in nats per joint. */
export interface LineRun {
  readonly noise: string;
  readonly form: string;
  readonly seed: number;
  /** Root mean squares over coordinates: of mu against the truth, and of what is left when each coordinate's mean is taken away. */
  readonly error: number;
  readonly varying: number;
  /** By how much the mean log density of labels is below the true one's; the next three are absent without a density. */
  readonly missing?: number;
  /** Mean of |coverage - level|. */
  readonly calibration?: number;
  /** Mean width of the intervals for 90 %. */
  readonly sharpness?: number;
  readonly seconds: number;
}

/** Scenes to be judged by. */
const TEST = 1000;
const LR = 0.03;
/** Sigmas of 0.27 of the unit, about as large as the first errors. */
const FIRST_LOGIT = -1;
const NODES = 256;
const DRAWS = 4096;

type Params = { mu: linear.LinearParams; logit: linear.LinearParams; flow: object };
interface State {
  readonly params: Params;
  readonly memory: AdamState<Params>;
}
interface Batch {
  readonly features: Tensor;
  readonly labels: Tensor;
  readonly nodes: LogSNodes | null;
  readonly lr: Tensor;
}

/** Fits a linear layer to noisy labels by the loss of a form; the learning rate falls along half a cosine. */
export async function trainLine(
  form: Form,
  noise: Noise,
  seed: number,
  steps: number,
  device: Device,
): Promise<LineRun> {
  const start = performance.now();
  const scenes = drawScenes(new Rng(seed, 1), TRAIN, noise);
  const rng = new Rng(seed, 2);
  const init = new Rng(seed, 3);
  const layer = () => linear.init(init, device, { inputs: FEATURES, outputs: 2 * JOINTS });
  const first: Params = {
    mu: layer(),
    logit: { ...layer(), bias: device.tensor(new Float32Array(2 * JOINTS).fill(FIRST_LOGIT), [2 * JOINTS]) },
    flow: form.flow?.init(init, device) ?? {},
  };
  const params = packParameters(first);
  const groups = form.flowRate ? [{ match: /^flow\b/, lrScale: form.flowRate }] : [];
  const stepOf = (loss: Form) => {
    const gradient = valueAndGrad((p: Params, b: Batch) => lossOf(loss, p, b));
    return capture((state: State, b: Batch) => {
      const [, gradients] = gradient(state.params, b);
      const [stepped, memory] = adam.step(state.params, gradients, state.memory, { lr: b.lr, groups });
      return { state: { params: stepped, memory } };
    });
  };
  const step = stepOf(form);
  const before = form.without ? stepOf({ name: 'Laplace', sigma: true, q: 'laplace' }) : undefined;
  const { features, labels } = upload(device, scenes);
  let state: State = { params, memory: adam.init(params) };
  for (let i = 0; i < steps; i++) {
    const lr = device.scalar(0.5 * LR * (1 + Math.cos((Math.PI * i) / steps)));
    const nodes = scope(() => nodesOf(form, device, rng));
    const run = before && i < (form.without as number) * steps ? before : step;
    ({ state } = run(state, { features, labels, nodes, lr }));
    for (const x of [lr, ...(nodes ? [nodes.points, nodes.logWeight] : [])]) x.dispose();
    // Reading a number waits for the device, so that steps do not queue up.
    if (i % 50 === 49) await namedTensors(state.params.mu).values().next().value?.data();
  }
  const worth = await judge(form, state.params, drawScenes(new Rng(77, 1), TEST, noise), device);
  for (const one of [step, before]) one?.dispose();
  for (const x of [features, labels]) x.dispose();
  return { noise: noise.name, form: form.name, seed, ...worth, seconds: (performance.now() - start) / 1000 };
}

function upload(device: Device, { count, features, labels }: Scenes) {
  return {
    features: device.tensor(features, [count, FEATURES]),
    labels: device.tensor(labels, [count, JOINTS, 2]),
  };
}

function predict({ sigma }: Form, params: Params, features: Tensor) {
  const of = (layer: linear.LinearParams) =>
    reshape(linear.apply(layer, features), { shape: [features.shape[0], JOINTS, 2] });
  return sigma ? { mu: of(params.mu), logit: of(params.logit) } : { mu: of(params.mu) };
}

function lossOf(form: Form, params: Params, { features, labels, nodes }: Omit<Batch, 'lr'>): Tensor {
  const { flow, q, options } = form;
  return rle(
    predict(form, params, features),
    { target: labels },
    { ...options, q, ...(flow && { flow, params: params.flow }), logS: nodes ?? 'none' },
  );
}

const nodesOf = ({ flow, logS, q }: Form, device: Device, rng: Rng, samples = NODES) =>
  flow && logS ? logSNodes('importance', flow, device, { rng, samples, q }) : null;

async function judge(form: Form, params: Params, scenes: Scenes, device: Device) {
  const { features, labels } = upload(device, scenes);
  const said = scope(() => {
    const { mu, logit } = predict(form, params, features);
    return { mu, sigma: logit ? sigmaOf(logit) : undefined };
  });
  const mu = Float64Array.from(await said.mu.data());
  const offs = mu.map((m, i) => (m - scenes.joints[i]) / SCALE);
  const errors = { error: rms(offs), varying: rms(withoutMeans(offs)) };
  if (!said.sigma) return errors;
  const sigma = Float64Array.from(await said.sigma.data());
  // Without log s the flow is the whole density, whatever Q the loss had beside it.
  const density: Form = form.flow && !form.logS ? { ...form, options: { design: 'reparameterised' } } : form;
  const loss = scope(() => {
    const nodes = nodesOf(form, device, new Rng(4), 64 * NODES);
    return lossOf(density, params, { features, labels, nodes });
  });
  const missing = scenes.logDensity + (await loss.item()) / JOINTS;
  const draws = await drawsOf(form, params, device);
  const kinds = draws.length / (2 * DRAWS);
  const u: number[] = [];
  let width = 0;
  for (let kind = 0; kind < kinds; kind++) {
    const mine = <T extends Float64Array>(xs: T) => xs.filter((_, i) => (i >> 1) % kinds === kind);
    const places = placeLabels(
      mine(mu),
      mine(sigma),
      mine(Float64Array.from(scenes.labels)),
      errorDensity(mine(draws)),
    );
    u.push(...places.u);
    width += places.widths.reduce((sum, w) => sum + w, 0);
  }
  for (const x of [features, labels, said.mu, said.sigma, loss]) x.dispose();
  return {
    ...errors,
    missing,
    calibration: calibrationError(Float64Array.from(u)),
    sharpness: width / u.length / SCALE,
  };
}

/** Draws of the errors, [DRAWS, 1 or K, 2]. */
async function drawsOf({ flow, logS, q = 'laplace' }: Form, params: Params, device: Device): Promise<Float64Array> {
  const rng = new Rng(5);
  const residualOf: StandardDensity | undefined = logS ? q : undefined;
  const drawn = flow
    ? await drawErrors(flow, params.flow, { rng, count: DRAWS, residualOf })
    : scope(() => drawStandard(q, rng, device, [DRAWS, 2]));
  return Float64Array.from(await drawn.data());
}

const rms = (xs: Float64Array) => Math.sqrt(xs.reduce((sum, x) => sum + x * x, 0) / xs.length);

/** What is left of coordinates [n, 2 K] without the mean of each. */
function withoutMeans(xs: Float64Array): Float64Array {
  const width = 2 * JOINTS;
  const means = new Float64Array(width);
  xs.forEach((x, i) => {
    means[i % width] += (x * width) / xs.length;
  });
  return xs.map((x, i) => x - means[i % width]);
}
