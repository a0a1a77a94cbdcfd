// RLE on a toy problem: one joint on an arc. The size of the labels' errors depends on the input, and their tails are
// heavy. The head must predict where the joint is and how far off labels are; the flow learns the shape of the errors.
// `npm run example examples/poseHead.ts`

import { device as openDevice, packParameters, Rng, relu, scope, type Tensor, valueAndGrad } from 'wgrad';
import { adam, mlp } from 'wgrad/nn';
import { head, realNvp, rle } from 'wgrad/rle';

const STEPS = 600;
const BATCH = 256;
const FEATURES = 32;

const device = await openDevice();
console.log(device.description);
const rng = new Rng(0);

/** Typical error of a label at `x` in [-1, 1]. */
const noiseAt = (x: number) => 0.01 + 0.04 * (1 + x) ** 2;

/** Nine errors in ten are normal; the tenth is five times as large, which a normal density would call impossible. */
const drawError = (from: Rng) => from.normal() * (from.uniform() < 0.1 ? 5 : 1);

function drawBatch(from: Rng): { x: Float32Array; label: Float32Array } {
  const x = Float32Array.from({ length: BATCH }, () => 2 * from.uniform() - 1);
  const label = Float32Array.from({ length: 2 * BATCH }, (_, i) => {
    const at = x[i >> 1];
    return 0.3 * (i % 2 === 0 ? Math.cos(2 * at) : Math.sin(2 * at)) + noiseAt(at) * drawError(from);
  });
  return { x, label };
}

const flow = realNvp({ dims: 2, couplings: 4, hidden: 32 });
let params = packParameters({
  body: mlp.init(rng.split(0), device, { sizes: [1, 64, FEATURES] }),
  head: head.init(rng.split(1), device, { inputs: FEATURES, joints: 1 }),
  flow: flow.init(rng.split(2), device),
});
type Params = typeof params;
let moments = adam.init(params);

const predict = (p: Params, x: Tensor) => head.apply(p.head, relu(mlp.apply(p.body, x, relu)), { normalise: false });

const lossAndGradients = valueAndGrad((p: Params, x: Tensor, target: Tensor) =>
  rle(predict(p, x), { target }, { flow, params: p.flow }),
);

/** The parameters and moments passed in are used up; the returned ones outlive the scope. */
function step(p: Params, m: typeof moments, batch: ReturnType<typeof drawBatch>) {
  return scope(() => {
    const x = device.tensor(batch.x, [BATCH, 1]);
    const [loss, gradients] = lossAndGradients(p, x, device.tensor(batch.label, [BATCH, 1, 2]));
    const [params, moments] = adam.step(p, gradients, m, { lr: 3e-3 });
    return { loss, params, moments };
  });
}

const data = rng.split(3);
for (let i = 1; i <= STEPS; i++) {
  const next = step(params, moments, drawBatch(data));
  ({ params, moments } = next);
  if (i % 100 === 0) console.log(`step ${i}: loss ${(await next.loss.item()).toFixed(3)}`);
  next.loss.dispose();
}

const median = (values: ArrayLike<number>) => Array.from(values, Math.abs).sort((a, b) => a - b)[values.length >> 1];
const truth = Float64Array.from({ length: 20_000 }, () => drawError(data));
const learned = await scope(() => flow.sample(params.flow, 20_000, rng.split(4))).data();

// Sigma alone has no unit, since the flow can take over any factor of it; sigma times the flow's spread has one.
console.log('\nmedian |error|    of labels   sigma x flow');
const xs = [-0.9, -0.5, 0, 0.5, 0.9];
const logits = await scope(() => predict(params, device.tensor(xs, [xs.length, 1])).logit).data();
xs.forEach((x, i) => {
  const sigma = (1 / (1 + Math.exp(-logits[2 * i])) + 1 / (1 + Math.exp(-logits[2 * i + 1]))) / 2;
  const predicted = sigma * median(learned);
  console.log(
    `at x = ${x.toFixed(1).padStart(4)}   ${(noiseAt(x) * median(truth)).toFixed(4)}      ${predicted.toFixed(4)}`,
  );
});

console.log('\nerrors beyond     labels    flow    Laplace   normal');
const share = (values: ArrayLike<number>, limit: number) =>
  `${((100 * Array.from(values).filter((v) => Math.abs(v) > limit).length) / values.length).toFixed(1)} %`.padStart(7);
const normal = Float64Array.from({ length: 20_000 }, () => data.normal());
for (const k of [1, 2, 4, 8]) {
  const laplace = `${(100 * 2 ** -k).toFixed(1)} %`.padStart(7);
  const shares = [truth, learned, normal].map((values) => share(values, k * median(values)));
  console.log(`${k} medians        ${shares[0]}  ${shares[1]}  ${laplace}  ${shares[2]}`);
}
