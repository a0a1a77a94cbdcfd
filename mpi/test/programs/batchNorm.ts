import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpu, mul, packParameters, Rng, sum, type Tensor, tensorsOf, valueAndGrad, webgpu } from 'wgrad';
import { batchNorm } from 'wgrad/nn';
import { distributed } from 'wgrad/ranks';
import { communicator } from 'wgrad-mpi';

// Takes some steps through a batch norm that all ranks share, with batches of different sizes: `batchNorm.ts FOLDER OPTIONS`.
// Each rank writes what it has; together they have what one process with all rows has.

interface Options {
  readonly backend: 'cpu' | 'webgpu';
  readonly eager?: boolean;
  /** Rows of each rank, step by step. */
  readonly rows: readonly (readonly number[])[];
}

const CHANNELS = 5;
const [folder, text] = process.argv.slice(2);
const { backend, eager, rows } = JSON.parse(text) as Options;
const ranks = await communicator();
const device = backend === 'cpu' ? cpu() : await webgpu({ quiet: true });

type Learner = { params: batchNorm.BatchNormParams; state: batchNorm.BatchNormState };
interface Batch {
  readonly x: Tensor;
  readonly g: Tensor;
}

const step = distributed(
  ranks,
  ({ params, state }: Learner, { x, g }: Batch) => {
    const [[loss, [next, y]], [dparams, dx]] = valueAndGrad(
      ([p, input]: readonly [batchNorm.BatchNormParams, Tensor]) => {
        const [y, after] = batchNorm.apply(p, state, input, { training: true, residual: g, activation: 'relu' });
        return [sum(mul(y, g)), [after, y]] as const;
      },
      { aux: true },
    )([params, x]);
    return { state: { params, state: next }, summed: { loss, dparams }, y, dx };
  },
  { syncBatchNorm: true, eager },
);

let learner: Learner = batchNorm.init(device, CHANNELS);
learner = { params: packParameters(learner.params), state: packParameters(learner.state) };
const found: Record<string, number[]>[] = [];
const elements = async (x: Tensor) => Array.from(await x.data());
for (const [at, counts] of rows.entries()) {
  // All ranks draw the rows of all; a mean far from 0 shows differences of large numbers.
  const all = counts.reduce((a, b) => a + b);
  const rng = new Rng(7).split(at);
  const draw = (mean: number) => Float32Array.from({ length: all * 2 * CHANNELS }, () => mean + rng.normal());
  const first = counts.slice(0, ranks.rank).reduce((a, b) => a + b, 0);
  const own = (values: Float32Array) =>
    device.tensor(values.slice(first * 2 * CHANNELS, (first + counts[ranks.rank]) * 2 * CHANNELS), [
      counts[ranks.rank],
      2,
      CHANNELS,
    ]);
  const [x, g] = [draw(10), draw(0)].map(own);
  const { state, summed, y, dx } = await step(learner, { x, g });
  found.push({
    y: await elements(y),
    dx: await elements(dx),
    loss: await elements(summed.loss),
    dweight: await elements(summed.dparams.weight),
    dbias: await elements(summed.dparams.bias),
    mean: await elements(state.state.running_mean),
    variance: await elements(state.state.running_var),
  });
  for (const t of tensorsOf([summed, y, dx])) t.dispose();
  learner = state;
}
writeFileSync(join(folder, `${ranks.rank}.json`), JSON.stringify(found));
device.destroy();
await ranks.close();
