import { DataError } from 'wgrad';
import type { WeightsFile } from '../formats/weightsFile.js';

/**
 * The padding of the crops of a wgrad training run, from its configuration; undefined in files of versions that did not
 * store it.
 * @throws DataError where it is none
 */
export function paddingOfRun(config = 'null', where: string): number | undefined {
  let value: { readonly padding?: unknown } | null;
  try {
    value = JSON.parse(config);
  } catch (cause) {
    throw new DataError(`${where}: metadata "config" is not JSON: ${(cause as Error).message}`, { cause });
  }
  const padding = value?.padding;
  if (padding === undefined || isWithin(padding, 0.1, 10)) return padding;
  throw new DataError(
    `${where}: its run has the padding ${JSON.stringify(padding)}, expected 0.1 to 10; the file is damaged`,
  );
}

/**
 * The height and width of the inputs of a wgrad training run; undefined where its configuration has none.
 * @throws DataError where no network takes such
 */
export function sizeOfRun(
  config: string | undefined,
  where: string,
): readonly [height: number, width: number] | undefined {
  const { size, aspect = 1 } = configOfRun(config);
  if (size === undefined) return undefined;
  const sides = [size, Math.round(Number(size) * Number(aspect))];
  if (isInputSize(sides)) return sides;
  const told = `the size ${JSON.stringify(size)} and the aspect ${JSON.stringify(aspect)}`;
  throw new DataError(`${where}: its run has ${told}, expected 1 to 4096 pixels; the file is damaged`);
}

/** Whether a value from a file is a number of a closed range. */
export function isWithin(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && value >= low && value <= high;
}

/** Whether a value from a file is the height and width of a network's input; no network takes larger ones. */
export function isInputSize(value: unknown): value is readonly [height: number, width: number] {
  const isSide = (side: unknown) => Number.isInteger(side) && isWithin(side, 1, 4096);
  return Array.isArray(value) && value.length === 2 && value.every(isSide);
}

/** What wgrad's training stores about itself in a checkpoint; empty where the text is something else. */
export function configOfRun(config = 'null'): {
  readonly size?: unknown;
  readonly aspect?: unknown;
  readonly loss?: unknown;
  readonly head?: unknown;
  readonly dims?: unknown;
} {
  try {
    return (JSON.parse(config) as { config?: object } | null)?.config ?? {};
  } catch {
    return {};
  }
}

/** The text of the configuration that a file of mmpose carries, or none. */
export function configOfMmpose(metadata: WeightsFile['metadata']): string {
  return metadata['meta.cfg'] ?? metadata['meta.config'] ?? '';
}
