import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpu, mul, packParameters, sum, valueAndGrad, webgpu } from 'wgrad';
import { communicator, type HostArray, type Reduction } from 'wgrad-mpi';

// Each rank makes every call once and writes what it then has to a file: `collectives.ts FOLDER BACKEND`.

const [folder, backend] = process.argv.slice(2);
const ranks = await communicator();
const { rank, size } = ranks;
const found: Record<string, unknown> = { rank, size, library: ranks.library };
const fault = async (call: Promise<unknown>) =>
  call.then(
    () => 'none',
    (error: Error) => `${error.name}: ${error.message}`,
  );

/** Small integers, which all types hold and sum without rounding. */
const valueAt = (i: number, r: number) => (7 * i + 11 * r) % 23;
const KINDS = [Float32Array, Float64Array, Int32Array, Uint32Array, Uint8Array] as const;
for (const kind of KINDS) {
  for (const by of ['sum', 'max', 'min', 'mean'] as Reduction[]) {
    if (by === 'mean' && kind !== Float32Array && kind !== Float64Array) continue;
    for (const length of [0, 1, 1000]) {
      const values: HostArray = new kind(length).map((_: number, i: number) => valueAt(i, rank));
      await ranks.allReduce(values, by);
      found[`${kind.name} ${by} ${length}`] = Array.from(values);
    }
  }
  const sent: HostArray = new kind(5).map((_: number, i: number) => valueAt(i, rank));
  await ranks.broadcast(sent, size - 1);
  found[`${kind.name} broadcast`] = Array.from(sent);
}
// 1001 elements do not fall into equal parts. Ranks have values of different sizes.
const halves = Float32Array.from({ length: 1001 }, (_, i) => (valueAt(i, rank) + 0.3) * 10 ** (3 * rank - 4));
await ranks.allReduce(halves, 'sum', { wire: 'float16' });
found.halves = Array.from(halves);
const short = Float64Array.of(1, Number.POSITIVE_INFINITY);
await ranks.allReduce(short, 'mean', { wire: 'float16' });
found.short = [short[0], String(short[1])];
const now = Float64Array.of(rank, 2);
ranks.allReduceNow(now, 'sum');
found.now = Array.from(now);

await ranks.barrier();
found.gather = await ranks.gather(rank === 1 ? '' : `rank ${rank}: größer`);

// Calls that overlap are carried out in the order in which they were made.
const overlapping = [1, 2, 3].map((k) => Float64Array.of(k, rank));
const [said] = await Promise.all([
  ranks.gather(String(10 * rank)),
  ...overlapping.map((values) => ranks.allReduce(values, 'sum')),
]);
found.overlapping = [said, ...overlapping.map((values) => Array.from(values))];

const device = backend === 'webgpu' ? await webgpu({ quiet: true }) : cpu();
const loose = device.tensor([rank, 1, 2 * rank], [3, 1]);
const counts = device.tensor([rank + 1, 2], [2], 'int32');
// Longer than one piece, so that an arena travels in several.
const params = packParameters({ a: device.tensor([1, 2, 3]), b: device.zeros([2 ** 22 + 5]) });
const [, gradients] = valueAndGrad((p: typeof params) => mul(sum(mul(p.a, p.a)), device.scalar(rank + 1)))(params);
device.write(gradients.b, new Float32Array(gradients.b.size).fill(rank));
const before = ranks.traffic;
const held = device.memory().live.bytes;
await ranks.allReduce({ gradients, loose }, 'mean');
const { messages, bytes } = ranks.traffic;
found.traffic = [messages - before.messages, bytes - before.bytes];
await ranks.allReduce(counts, 'sum');
found.leaked = device.memory().live.bytes - held;
const b = await gradients.b.data();
found.tensors = {
  a: Array.from(await gradients.a.data()),
  b: [b[0], b[2 ** 22 - 1], b[2 ** 22 + 4], b.every((x) => x === b[0])],
  loose: Array.from(await loose.data()),
  counts: Array.from(await counts.data()),
};
const fresh = device.tensor([rank, rank]);
await ranks.broadcast([fresh], size - 1);
found.broadcastTensor = Array.from(await fresh.data());

found.faults = [
  await fault(ranks.allReduce(Int32Array.of(1), 'mean')),
  await fault(ranks.allReduce(Int32Array.of(1), 'sum', { wire: 'float16' })),
  await fault(ranks.allReduce(Float32Array.of(1), 'max', { wire: 'float16' })),
  await fault(ranks.allReduce([counts], 'mean')),
  await fault(ranks.broadcast(Int32Array.of(1), size)),
  await fault(ranks.broadcast(new Float32Array(rank === size - 1 ? 3 : 2))),
  await fault(ranks.broadcast({ w: [counts, device.zeros(rank === size - 1 ? [3, 2] : [2, 3])] })),
  await fault(ranks.broadcast(rank === size - 1 ? [counts] : [counts, counts], size - 1)),
  await fault(communicator().then((again) => (again === ranks ? Promise.reject(new Error('the same')) : again))),
];
device.destroy();
writeFileSync(join(folder, `${rank}.json`), JSON.stringify(found));
await ranks.close();
