import type { WeightsFile } from '../formats/weightsFile.js';

/**
 * The padding of the crops of a wgrad training run, from its configuration; undefined in files of versions that did not
 * store it.
 */
export function paddingOfRun(config = 'null'): number | undefined {
  try {
    const padding = (JSON.parse(config) as { padding?: unknown } | null)?.padding;
    return typeof padding === 'number' && padding > 0 ? padding : undefined;
  } catch {
    return undefined;
  }
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
