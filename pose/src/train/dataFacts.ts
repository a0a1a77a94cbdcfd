import { DataError } from 'wgrad';
import { counted } from 'wgrad/io';
import type { PoseDataset } from '../dataset.js';

/** What a run remembers of its data, so that it notices where they have changed when it goes on. */
export interface DataFacts {
  /** Samples of each half, pictures that cannot be read among them. */
  readonly train: number;
  readonly test: number;
  /** Of all labels; absent where the data set has none. */
  readonly digest?: string;
}

export const factsOf = ({ train, test, digest }: PoseDataset): DataFacts => ({
  ...{ train: train.length, test: test.length },
  ...(digest !== undefined && { digest }),
});

/** The facts that a file holds; undefined where they are not such. */
export function savedFacts(value: unknown): DataFacts | undefined {
  const { train, test, digest } = Object(value) as Partial<Record<string, unknown>>;
  const areCounts = [train, test].every((count) => Number.isSafeInteger(count) && Number(count) > 0);
  return areCounts && (digest === undefined || typeof digest === 'string') ? (value as DataFacts) : undefined;
}

/**
 * Which batch comes next and which pictures are left out, a run remembers by the numbers of samples.
 * @param before what a run remembers; undefined in runs of versions that did not
 * @param remedy what else can be done
 * @throws DataError where a data set has more or fewer samples than the run had
 */
export function checkCounts(path: string, before: DataFacts | undefined, dataset: PoseDataset, remedy: string): void {
  const { train, test } = dataset;
  if (!before || (before.train === train.length && before.test === test.length)) return;
  throw new DataError(
    `${path}: the run has ${before.train} training and ${counted(before.test, 'held-out image')}, and ${dataset.name} now ${train.length} and ` +
      `${test.length}; give the data that it had, or ${remedy}`,
  );
}

/** Whether labels are known to differ from those that a run was trained on. */
export function haveChanged(before: DataFacts | undefined, { digest }: DataFacts): boolean {
  return before?.digest !== undefined && digest !== undefined && before.digest !== digest;
}
