import { type Device, scope, tensorsOf } from 'wgrad';
import { posesOf, readAnswer } from '../../networkAnswer.js';
import { flipOrder } from '../../schema.js';
import type { TrainConfig } from '../../train/config.js';
import { makeCropBatch } from '../../train/cropBatch.js';
import { uploadBatch } from '../../train/deviceBatch.js';
import { inputSize } from '../../train/inputSize.js';
import { LOSSES } from '../../train/losses.js';
import { applyModel, initModel, type ModelParams, type ModelState } from '../../train/model.js';
import { answerOf } from '../../train/modelOutput.js';
import type { LoadedData, LoadedSample } from '../../train/samples.js';
import type { Latency } from './cost.js';

/** Turns that a median is taken of; where they take too long, as many as there is time for, and some at least. */
const TURNS = 25;
const LEAST_TURNS = 3;
const SECONDS = 60;

/** A network that rows share, and the milliseconds that it took. */
interface Timed {
  readonly config: TrainConfig;
  readonly params: ModelParams;
  readonly state: ModelState;
  readonly one: number[];
  readonly batched: number[];
}

/**
 * Times the networks of rows from decoded pictures on the host to joints on the host, for one image and for a batch: in turns,
 * A B C A B C, since machines have moods. Rows that differ in training alone are one network and share its time. The weights
 * are fresh ones.
 * @returns undefined where the signal aborts
 */
export async function measureLatency<Row>(
  device: Device,
  configs: ReadonlyMap<Row, TrainConfig>,
  { dataset: { schema }, test }: LoadedData,
  signal: AbortSignal,
): Promise<Map<Row, Latency> | undefined> {
  const order = flipOrder(schema);
  const timed = new Map<string, Timed>();
  for (const config of configs.values()) {
    if (timed.has(kindOf(config))) continue;
    timed.set(kindOf(config), { config, ...initModel(device, config, order.length), one: [], batched: [] });
  }
  const look = async ({ config, params, state }: Timed, samples: readonly LoadedSample[]) => {
    const began = performance.now();
    const rows = samples.map((sample) => ({ sample, crop: sample.crop }));
    const batch = makeCropBatch(rows, inputSize(config), order);
    const output = scope(() => {
      const { images } = uploadBatch(device, batch, rows.length, inputSize(config));
      return answerOf(config, applyModel(params, state, images, false)[0]);
    });
    posesOf(await readAnswer(output), undefined, order);
    for (const t of tensorsOf(output)) t.dispose();
    return performance.now() - began;
  };
  const began = performance.now();
  // The first turn compiles and warms up.
  for (let turn = 0; turn <= TURNS; turn++) {
    if (turn > LEAST_TURNS && performance.now() - began > 1000 * SECONDS) break;
    for (const network of timed.values()) {
      if (signal.aborted) return undefined;
      const { batch } = network.config;
      const one = await look(network, [test[turn % test.length]]);
      const many = Array.from({ length: batch }, (_, i) => test[i % test.length]);
      const batched = (await look(network, many)) / batch;
      if (turn === 0) continue;
      network.one.push(one);
      network.batched.push(batched);
    }
  }
  for (const { params, state } of timed.values()) for (const t of tensorsOf([params, state])) t.dispose();
  return new Map(
    [...configs].map(([row, config]) => {
      const { one, batched } = timed.get(kindOf(config)) as Timed;
      return [row, { one: median(one), batched: median(batched) }];
    }),
  );
}

/** What tells the networks of configurations apart that share all else: the flow is training's alone. */
const kindOf = ({ head, loss }: TrainConfig): string => `${head}, sigma ${LOSSES[loss].sigma}`;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];
