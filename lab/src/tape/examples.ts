/** Code to begin with, by the name in the address. */
export const EXAMPLES: Readonly<Record<string, { readonly title: string; readonly code: string }>> = {
  product: {
    title: 'The product rule',
    code: `// d(a b) = b da + a db: the sweep needs both
// factors, so the tape keeps them until then.
const a = device.tensor([1, 2, 3]);
const b = device.tensor([4, 5, 6]);

const f = (p) => sum(mul(p.a, sin(p.b)));

return valueAndGrad(f)({ a, b });
`,
  },
  broadcast: {
    title: 'Broadcasting',
    code: `// The bias is used in every row, so its
// gradient is a sum over rows.
const x = device.tensor([[1, 2, 3], [4, 5, 6]]);
const bias = device.tensor([0.1, 0.2, 0.3]);

const f = (p) => sum(square(add(p.x, p.bias)));

return grad(f)({ x, bias });
`,
  },
  matmul: {
    title: 'A small network',
    code: `// Two layers and a squared error. The tape keeps
// what gradients of weights will be made of.
const rng = new Rng(1);
const sizes = [3, 4, 1];
const net = nn.mlp.init(rng, device, { sizes });
const draw = (shape) =>
  randomNormal(device, rng, { shape });
const [x, y] = [draw([8, 3]), draw([8, 1])];

const loss = (net) => {
  const predicted = nn.mlp.apply(net, x, tanh);
  return mean(square(sub(predicted, y)));
};

return valueAndGrad(loss)(net);
`,
  },
  rle: {
    title: 'A term of RLE',
    code: `// log sigma - log Q(e), e = (mu - y) / sigma: what
// RLE adds to the flow's -log G(e). In one kernel:
// return rle(p, { target: y }, { q: 'laplace' });
const mu = device.tensor([0.1, -0.2], [1, 1, 2]);
const logit = device.tensor([-2, -1], [1, 1, 2]);
const y = device.tensor([0.2, 0.1], [1, 1, 2]);

const loss = (p) => {
  const sigma = sigmoid(p.logit);
  const e = div(sub(p.mu, y), sigma);
  return sum(add(log(sigma), abs(e)));
};

return valueAndGrad(loss)({ mu, logit });
`,
  },
  hvp: {
    title: 'Hessian-vector product',
    code: `// A second derivative is a second tape: the outer
// one records what the sweep of the inner one runs.
const x = device.tensor([1, 2]);
const v = device.tensor([1, 0]);

const f = (x) => sum(mul(x, exp(mul(x, x))));

const [gradient, product] = hvp(f, x, v);
return { gradient, product };
`,
  },
};

export const exampleNames = Object.keys(EXAMPLES);
