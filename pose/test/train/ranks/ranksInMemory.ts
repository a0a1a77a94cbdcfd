import { flatPieces, type TypedArray } from 'wgrad';
import type { Ranks } from '../../../src/train/ranks.js';

/** So many ranks in one process, which meet as those of MPI do. */
export function ranksInMemory(size: number): Ranks[] {
  let waiting: { readonly said: Said; go(all: Said[]): void }[] = [];
  const meet = (said: Said) =>
    new Promise<Said[]>((go) => {
      waiting.push({ said, go });
      if (waiting.length < size) return;
      const all = waiting;
      waiting = [];
      const byRank = all.map((one) => one.said).sort((a, b) => a.rank - b.rank);
      for (const one of all) one.go(byRank);
    });
  return Array.from({ length: size }, (_, rank) => {
    const exchange = async <T>(content: T) => (await meet({ rank, content })).map((said) => said.content as T);
    return {
      rank,
      size,
      allReduce: (values, by) =>
        eachArray(values, async (own) => {
          const all = await exchange(own.slice());
          const reduce = by === 'max' ? Math.max : (...xs: number[]) => xs.reduce((a, b) => a + b);
          for (let i = 0; i < own.length; i++) {
            own[i] = reduce(...all.map((each) => each[i])) / (by === 'mean' ? size : 1);
          }
        }),
      broadcast: (values) =>
        eachArray(values, async (own) => {
          const [first] = await exchange(own.slice());
          own.set(first as never);
        }),
      allReduceNow: () => {
        throw new Error('ranks in one process cannot wait for each other');
      },
      gather: (text) => exchange(text),
    };
  });
}

interface Said {
  readonly rank: number;
  readonly content: unknown;
}

/** An array as it is, tensors as their elements, which are written back. */
async function eachArray(values: unknown, change: (array: TypedArray) => Promise<void>): Promise<void> {
  if (ArrayBuffer.isView(values)) return change(values as TypedArray);
  for (const piece of flatPieces(values)) {
    const array = await piece.data();
    await change(array);
    piece.device.write(piece, array);
    piece.dispose();
  }
}
