import { device, mean, mul, packParameters, Rng, randomNormal, scope, sin, square, sub, valueAndGrad } from 'wgrad';
import { adam, mlp } from 'wgrad/nn';

const gpu = await device(); // WebGPU where there is an adapter, else float64 loops on the CPU
console.log(`on ${gpu.description}`);

const rng = new Rng(1);
const x = mul(randomNormal(gpu, rng, { shape: [256, 1] }), 2);
const y = sin(x); // what a small network is to learn
let params = packParameters(mlp.init(rng, gpu, { sizes: [1, 32, 32, 1] })); // one buffer, one dispatch per update
let state = adam.init(params);
const lossAndGradients = valueAndGrad((p) => mean(square(sub(mlp.apply(p, x), y))));

for (let i = 0; i <= 300; i++) {
  const { loss } = scope(() => {
    const [loss, gradients] = lossAndGradients(params); // gradients nest like params
    [params, state] = adam.step(params, gradients, state, { lr: 1e-2 }); // in place: the old handles are dead
    return { loss, params, state }; // what lives on; the rest goes back to the pool
  });
  if (i % 100 === 0) console.log(`step ${i}: loss ${(await loss.item()).toFixed(5)}`);
}
