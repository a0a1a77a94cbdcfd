import type { WeightsFile } from '../formats/weightsFile.js';

/**
 * The padding of the crops of a wgrad training run, from its configuration; undefined in files of versions that did not
 * store it.
 */
export function paddingOfRun(config = 'null'): number | undefined {
  try {
    const padding = (JSON.parse(config) as { padding?: unknown } | null)?.padding;
    return isWithin(padding, 0.1, 10) ? padding : undefined;
  } catch {
    return undefined;
  }
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
