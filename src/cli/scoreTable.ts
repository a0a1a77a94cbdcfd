import type { RunReport } from '../pose/report/runReport.js';

/** The scores of network and baselines as aligned lines. */
export function scoreTable({ network, baselines, thresholds }: RunReport): string {
  const percent = (value: number) => (100 * value).toFixed(1);
  const rows = [
    ['held out', ...thresholds.map((t) => `PCK@${t} %`), 'error % of crop', 'corr(sigma, error)'],
    ...[network, ...baselines].map(({ name, pck, meanError, correlation }) => [
      name,
      ...pck.map(percent),
      percent(meanError),
      correlation === undefined ? '-' : correlation.toFixed(2),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ');
  return rows.map(line).join('\n');
}
