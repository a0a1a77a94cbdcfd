import { counted } from 'wgrad/io';
import { formatTable } from 'wgrad/testing';
import type { BaselineScore, Comparison, RowSummary } from '../node/compare/comparison.js';
import type { Spread } from '../node/compare/spread.js';

const NONE = '-';

/** A comparison as aligned lines, baselines last, with an explanation of its columns. */
export function comparisonTable({ rows, baselines, seeds, config, data }: Comparison): string {
  const header = [
    ...['row', 'seeds', 'params', 'flow', 'MMACs', 'ms alone', `ms of ${config.batch}`],
    ...['PCK@0.1 %', 'PCK@0.2 %', 'PCK@0.5 %', 'error % of crop'],
    ...['r(sigma, error)', 'rho(sigma, error)', 'r(conf, OKS)', 'calibration error', 'sharpness'],
  ];
  const lines = [...rows.map((row) => rowCells(row, seeds.length)), ...baselines.map(baselineCells)];
  const failures = rows.flatMap(({ row, diverged }) => diverged.map(({ seed, why }) => `${row}, seed ${seed}: ${why}`));
  return [
    formatTable(header, lines),
    `${counted(data.test, 'image')} of ${data.name} held out; mean ± sample standard deviation over the seeds. ms: an image by itself, and each ` +
      `of ${config.batch} at once. sigma of a heatmap: 1 - its peak. calibration error: points between the levels of intervals and the ` +
      'shares of the labels in them; sharpness: width of the intervals of 90 %, in % of the crop.',
    ...failures,
  ].join('\n');
}

function rowCells({ row, seeds, cost, scores, confidence, calibration }: RowSummary, wanted: number): string[] {
  const { parameters, flowParameters, macs, latency } = cost;
  return [
    row,
    `${seeds.length}/${wanted}`,
    parameters.toLocaleString('en-US'),
    flowParameters > 0 ? flowParameters.toLocaleString('en-US') : NONE,
    (macs / 1e6).toFixed(1),
    latency ? latency.one.toFixed(1) : NONE,
    latency ? latency.batched.toFixed(2) : NONE,
    ...[scores.pck10, scores.pck20, scores.pck50, scores.error].map((spread) => withSpread(spread, 100, 1)),
    ...[confidence?.joints.pearson, confidence?.joints.spearman, confidence?.people.pearson].map((spread) =>
      withSpread(spread, 1, 2),
    ),
    ...[calibration?.error, calibration?.sharpness].map((spread) => withSpread(spread, 100, 1)),
  ];
}

function baselineCells({ name, pck10, pck20, pck50, error }: BaselineScore): string[] {
  const figures = [pck10, pck20, pck50, error].map((value) => number(100 * value, 1));
  return [name, ...new Array<string>(6).fill(NONE), ...figures, ...new Array<string>(5).fill(NONE)];
}

/** `37.2 ± 0.6`, or the mean alone where there is one seed. */
export function withSpread(spread: Spread | undefined, unit: number, digits: number): string {
  if (!spread || spread.values.length === 0) return NONE;
  const mean = number(unit * spread.mean, digits);
  return spread.std === null ? mean : `${mean} ± ${number(unit * spread.std, digits)}`;
}

const number = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : NONE);
