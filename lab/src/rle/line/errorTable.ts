/** Errors e at which densities are tabulated: from -REACH to REACH in units of sigma. */
export const REACH = 10;
export const ENTRIES = 401;
export const STEP = (2 * REACH) / (ENTRIES - 1);

export const errors: Float32Array = Float32Array.from({ length: ENTRIES }, (_, i) => i * STEP - REACH);

/** A density of e = (mu - y) / sigma, and its integral from the left. */
export interface ErrorTable {
  readonly density: Float32Array;
  readonly cumulative: Float32Array;
}

/** The table of a density that is known up to a factor, by its logarithm; and the logarithm of that factor's inverse. */
export function tabulate(logDensity: ArrayLike<number>): { table: ErrorTable; logMass: number } {
  const density = Float32Array.from(logDensity, Math.exp);
  const cumulative = new Float32Array(ENTRIES);
  for (let i = 1; i < ENTRIES; i++) cumulative[i] = cumulative[i - 1] + (STEP / 2) * (density[i - 1] + density[i]);
  const mass = cumulative[ENTRIES - 1];
  return {
    table: { density: density.map((d) => d / mass), cumulative: cumulative.map((c) => c / mass) },
    logMass: Math.log(mass),
  };
}

/** The mean of the errors. */
export const meanOf = ({ density }: ErrorTable) => STEP * density.reduce((sum, d, i) => sum + d * errors[i], 0);

/** The share of errors below e. */
export const below = ({ cumulative }: ErrorTable, e: number) => read(cumulative, e, 0, 1);

/** The density of e. */
export const densityOf = ({ density }: ErrorTable, e: number) => read(density, e, 0, 0);

/** The error below which a share of them lies. */
export function quantile({ cumulative }: ErrorTable, share: number): number {
  const above = cumulative.findIndex((c) => c >= share);
  if (above <= 0) return above === 0 ? -REACH : REACH;
  const part = (share - cumulative[above - 1]) / Math.max(cumulative[above] - cumulative[above - 1], 1e-9);
  return (above - 1 + part) * STEP - REACH;
}

/** Between entries a table is straight. */
function read(table: Float32Array, e: number, left: number, right: number): number {
  const at = (e + REACH) / STEP;
  if (!(at > 0)) return left;
  if (at >= ENTRIES - 1) return right;
  const i = Math.floor(at);
  return table[i] + (at - i) * (table[i + 1] - table[i]);
}
