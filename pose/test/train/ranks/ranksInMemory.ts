import type { Ranks } from '../../../src/train/ranks.js';

/** So many ranks in one process, which meet as those of MPI do. */
export function ranksInMemory(size: number): Ranks[] {
  let waiting: { readonly value: unknown; go(values: unknown[]): void }[] = [];
  const meet = (value: unknown) =>
    new Promise<unknown[]>((go) => {
      waiting.push({ value, go });
      if (waiting.length < size) return;
      const all = waiting;
      waiting = [];
      for (const one of all) one.go(all.map((each) => each.value));
    });
  type Said = { readonly rank: number; readonly content: never };
  return Array.from({ length: size }, (_, rank) => {
    const exchange = async <T>(content: T): Promise<T[]> => {
      const said = (await meet({ rank, content })) as Said[];
      return said.sort((a, b) => a.rank - b.rank).map((one) => one.content as T);
    };
    return {
      rank,
      size,
      async allReduce(values, by) {
        const own = values as Float64Array;
        const all = await exchange(own.slice());
        const reduce = by === 'max' ? Math.max : (...xs: number[]) => xs.reduce((a, b) => a + b);
        own.forEach((_, i) => {
          own[i] = reduce(...all.map((each) => each[i])) / (by === 'mean' ? size : 1);
        });
      },
      async broadcast(values) {
        const all = await exchange((values as Uint8Array).slice());
        (values as Uint8Array).set(all[0]);
      },
      gather: (text) => exchange(text),
    };
  });
}
