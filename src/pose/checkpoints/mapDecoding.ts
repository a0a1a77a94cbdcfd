import { DataError } from '../../errors.js';
import type { WeightsFile } from '../../io/weightsFile.js';
import type { Debias } from '../../rle/softArgmax.js';
import { configOfMmpose, configOfRun } from './fileConfig.js';
import { isIntegralHead } from './mmposeNames.js';

/** How coordinates are read off heatmaps: the peak, a quarter of a pixel towards its higher neighbours, or the mean. */
export type MapDecoding =
  | { readonly decode: 'peak' }
  /** Inverse temperature and bias of `softArgmax`. */
  | { readonly decode: 'mean'; readonly beta: number; readonly debias: Debias };

const MEAN = { decode: 'mean', beta: 1, debias: 'none' } as const;
const DEBIAS: readonly Debias[] = ['none', 'exact', 'mmpose'];

/**
 * How the code that wrote a file reads its heatmaps. Integral heads of mmpose are known by their names; their temperature and
 * whether they are debiased stand in the configuration alone.
 */
export function mapDecodingOf(names: Iterable<string>, metadata: WeightsFile['metadata']): MapDecoding {
  if (metadata.wgrad !== undefined && configOfRun(metadata.config).head === 'integral') return MEAN;
  if (!isIntegralHead(names)) return { decode: 'peak' };
  const config = configOfMmpose(metadata);
  const beta = Number(/\bbeta\s*=\s*([\d.]+)/.exec(config)?.[1]);
  return { ...MEAN, beta: beta > 0 ? beta : 1, debias: /\bdebias\s*=\s*True\b/.test(config) ? 'mmpose' : 'none' };
}

/** @throws DataError where a file's own account of its decoding is damaged */
export function parseMapDecoding(value: unknown, where: string): MapDecoding {
  const { decode, beta, debias } = (value ?? {}) as { decode?: unknown; beta?: unknown; debias?: unknown };
  if (decode === 'peak') return { decode };
  const mode = DEBIAS.find((name) => name === debias);
  if (decode === 'mean' && typeof beta === 'number' && beta > 0 && mode) return { decode, beta, debias: mode };
  throw new DataError(
    `${where}: metadata "conventions": "maps" must be {"decode": "peak"} or {"decode": "mean", "beta": above 0, ` +
      `"debias": one of ${DEBIAS.join(', ')}}; convert it again`,
  );
}
