import { DataError } from 'wgrad';
import type { WeightsFile } from '../formats/weightsFile.js';
import { DARK_KERNEL } from '../heatmaps/dark.js';
import type { Debias } from '../heatmaps/softArgmax.js';
import type { MapDecoding } from './conventions.js';
import { configOfMmpose, configOfRun, isWithin } from './fileConfig.js';
import { isIntegralHead } from './mmposeNames.js';

const DARK = /\bunbiased\s*=\s*True\b|\bpost_process\s*=\s*['"]unbiased['"]|\buse_udp\s*=\s*True\b|['"]UDPHeatmap['"]/;
const MEAN = { decode: 'mean', beta: 1, debias: 'none' } as const;
const DEBIAS: readonly Debias[] = ['none', 'exact', 'mmpose'];

/**
 * How the code that wrote a file reads its heatmaps. Names of tensors show that a head of mmpose takes the mean of its
 * maps. Only the configuration tells the temperature, whether the mean is debiased, and whether DARK is used, which
 * mmpose calls unbiased and combines with UDP.
 */
export function mapDecodingOf(names: Iterable<string>, metadata: WeightsFile['metadata']): MapDecoding {
  if (metadata.wgrad !== undefined && configOfRun(metadata.config).head === 'integral') return MEAN;
  const config = configOfMmpose(metadata);
  if (!isIntegralHead(names)) {
    const kernel = Number(/\b(?:blur_kernel_size|modulate_kernel)\s*=\s*(\d+)/.exec(config)?.[1] ?? DARK_KERNEL);
    return DARK.test(config) && isKernel(kernel) ? { decode: 'peak', refine: 'dark', kernel } : { decode: 'peak' };
  }
  const beta = Number(/\bbeta\s*=\s*([\d.]+)/.exec(config)?.[1]);
  return { ...MEAN, beta: isBeta(beta) ? beta : 1, debias: /\bdebias\s*=\s*True\b/.test(config) ? 'mmpose' : 'none' };
}

/** Side of a blur in pixels, and an inverse temperature; larger ones would only take time, or be infinite. */
const isKernel = (value: unknown): value is number => isWithin(value, 1, 255) && value % 2 === 1;
const isBeta = (value: unknown): value is number => isWithin(value, 1e-6, 1e6);

/** @throws DataError where what a file says of its decoding is damaged */
export function parseMapDecoding(value: unknown, where: string): MapDecoding {
  const { decode, refine, kernel, beta, debias } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (decode === 'peak' && refine === undefined) return { decode };
  if (decode === 'peak' && refine === 'dark' && isKernel(kernel)) {
    return { decode, refine, kernel };
  }
  const mode = DEBIAS.find((name) => name === debias);
  if (decode === 'mean' && isBeta(beta) && mode) return { decode, beta, debias: mode };
  throw new DataError(
    `${where}: metadata "conventions": "maps" must be {"decode": "peak"}, perhaps with "refine": "dark" and an odd "kernel", or {"decode": "mean", "beta": above 0, ` +
      `"debias": one of ${DEBIAS.join(', ')}}; convert it again`,
  );
}
