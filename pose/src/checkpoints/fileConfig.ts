import type { WeightsFile } from '../formats/weightsFile.js';

/** What a run of wgrad's training notes of how its crops were cut; undefined in files from before it did. */
export function paddingOfRun(config = 'null'): number | undefined {
  try {
    const padding = (JSON.parse(config) as { padding?: unknown } | null)?.padding;
    return typeof padding === 'number' && padding > 0 ? padding : undefined;
  } catch {
    return undefined;
  }
}

/** What a run of wgrad's training notes of itself in its checkpoints; nothing where the text is something else. */
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
