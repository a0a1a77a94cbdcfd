/** A number over the seeds. */
export interface Spread {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean: short(mean), least: short(Math.min(...values)), most: short(Math.max(...values)) };
}

/** Four digits are more than seeds agree on. */
const short = (value: number) => Number(value.toPrecision(4));

/** Runs that differ in their seeds alone, which are those of one key, in the order in which the keys come. */
export function bySeeds<Run>(runs: readonly Run[], keyOf: (run: Run) => string): Run[][] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) groups.set(keyOf(run), [...(groups.get(keyOf(run)) ?? []), run]);
  return [...groups.values()];
}

/** `24.2 (20.0-27.8)`: the mean, and in brackets the range. */
export function spreadText({ mean, least, most }: Spread, unit: number, digits: number): string {
  const [middle, from, to] = [mean, least, most].map((value) => (unit * value).toFixed(digits));
  return `${middle} (${from}-${to})`;
}
