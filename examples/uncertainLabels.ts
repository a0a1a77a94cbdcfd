// The training example of docs/tutorial.md: labels whose errors grow with x, a regressor that learns how large they are.
// `npm run example examples/uncertainLabels.ts`

import { device as openDevice, packParameters, Rng, relu, scope, type Tensor, valueAndGrad } from 'wgrad';
import { adam, mlp } from 'wgrad/nn';
import { calibrated, drawErrors, errorMoments, head, realNvp, rle } from 'wgrad/rle';

const BATCH = 128;
const device = await openDevice();
const rng = new Rng(0);
const noiseAt = (x: number) => 0.01 + 0.04 * (1 + x) ** 2;

const flow = realNvp({ dims: 2, couplings: 4, hidden: 16 });
let params = packParameters({
  body: mlp.init(rng, device, { sizes: [1, 32, 32] }),
  head: head.init(rng, device, { inputs: 32, joints: 1 }),
  flow: flow.init(rng, device),
});
type Params = typeof params;
let moments = adam.init(params);

const predict = (p: Params, x: Tensor) => head.apply(p.head, relu(mlp.apply(p.body, x)), { normalise: false });
const lossAndGradients = valueAndGrad((p: Params, x: Tensor, target: Tensor) =>
  rle(predict(p, x), { target }, { flow, params: p.flow }),
);

for (let step = 0; step < 400; step++) {
  [params, moments] = scope(() => {
    const xs = Float32Array.from({ length: BATCH }, () => 2 * rng.uniform() - 1);
    const labels = [...xs].flatMap((x) => [x, x * x].map((y) => 0.3 * y + noiseAt(x) * rng.normal()));
    const target = device.tensor(labels, [BATCH, 1, 2]);
    const [, gradients] = lossAndGradients(params, device.tensor(xs, [BATCH, 1]), target);
    return adam.step(params, gradients, moments, { lr: 5e-3 });
  });
}

const xs = [-0.8, -0.4, 0, 0.4, 0.8];
const prediction = scope(() => predict(params, device.tensor(xs, [xs.length, 1])));
const errors = errorMoments(await drawErrors(flow, params.flow, { rng }));
const expected = await calibrated(prediction, errors).std.data();
const row = (x: number, i: number) =>
  `x = ${x}: off by ${noiseAt(x).toFixed(3)}, expected ${expected[2 * i].toFixed(3)}`;
console.log(xs.map(row).join('\n'));
