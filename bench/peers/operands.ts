import { resnet } from '../../src/nn/index.js';
import { namedTensors } from '../../src/nn/tree.js';
import { realNvp, regressor } from '../../src/rle/index.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Shape } from '../../src/tensor/shape.js';
import { drawFill, type HostArray } from '../../src/testing/hostArray.js';
import type { Work } from './rows.js';

/** What a piece of work is done with, by name; parameters under PyTorch's names in wgrad's layouts. */
export type Operands = ReadonlyMap<string, HostArray>;

/** Names of gradients and of parameters among the operands and results of a work. */
export const GRADIENT = 'grad.';

const SEED = 1;

/** The operands of a work, drawn on the host, so that every library starts from the same bits. */
export async function drawOperands(work: Work): Promise<Operands> {
  const rng = new Rng(SEED);
  const draw = (shape: Shape, lo = -1, hi = 1) => drawFill({ shape, lo, hi }, rng);
  switch (work.kind) {
    case 'matmul':
      return named({ a: draw([work.m, work.k]), b: draw([work.k, work.n]) });
    case 'conv2d':
    case 'convTranspose2d':
      return named({ x: draw(work.x), filter: draw(work.filter) });
    case 'conv2dInput':
      return named({ g: draw(work.y), filter: draw(work.filter) });
    case 'conv2dWeight':
      return named({ x: draw(work.x), g: draw(work.y) });
    case 'batchNorm': {
      const channels = work.x.slice(-1);
      return named({ x: draw(work.x), gamma: draw(channels, 0.5, 1.5), beta: draw(channels), g: draw(work.x) });
    }
    case 'softmax':
      return named({ x: draw([work.rows, work.columns], -4, 4) });
    case 'flow':
      return new Map([['x', draw([work.points, 2], -2, 2)], ...(await flowParams(rng))]);
    case 'rle': {
      const points = [work.batch, work.joints, 2];
      const head = { mu: draw(points), logit: draw(points), ...labels(rng, work.batch, work.joints) };
      return new Map([...named(head), ...(await flowParams(rng))]);
    }
    case 'adam': {
      const { params } = resnet.init(rng, cpu(), { depth: 18, width: work.width });
      const weights = await onHost(params);
      return new Map([...weights, ...[...weights].map(([name, p]) => [GRADIENT + name, draw(p.shape)] as const)]);
    }
    case 'step': {
      const { depth, width, stem, joints, batch, size } = work;
      const { params } = regressor.init(rng, cpu(), { depth, width, stem, joints });
      const images = draw([batch, ...size, 3], -1.7, 1.7);
      return new Map([...named({ images, ...labels(rng, batch, joints) }), ...(await onHost(params))]);
    }
  }
}

/** Where joints are, in units of the image, and whether they are seen: one in ten is not. */
function labels(rng: Rng, batch: number, joints: number): Record<'target' | 'weight', HostArray> {
  const weight = { shape: [batch, joints, 1], data: new Float32Array(batch * joints) };
  for (let i = 0; i < weight.data.length; i++) weight.data[i] = rng.uniform() < 0.9 ? 1 : 0;
  return { target: drawFill({ shape: [batch, joints, 2], lo: -0.5, hi: 0.5 }, rng), weight };
}

async function flowParams(rng: Rng): Promise<Operands> {
  const params = await onHost(realNvp({ dims: 2 }).init(rng, cpu()));
  return new Map([...params].map(([name, p]) => [`flow.${name}`, p]));
}

async function onHost(params: object): Promise<Operands> {
  const host = new Map<string, HostArray>();
  for (const [name, t] of namedTensors(params))
    host.set(name, { shape: t.shape, data: Float32Array.from(await t.data()) });
  return host;
}

function named(arrays: Record<string, HostArray>): Operands {
  return new Map(Object.entries(arrays));
}
