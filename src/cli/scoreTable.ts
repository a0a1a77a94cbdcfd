import type { RunReport } from '../pose/report/runReport.js';
import { formatTable } from './table.js';

/** The scores of network and baselines as aligned lines. */
export function scoreTable({ network, baselines, thresholds }: RunReport): string {
  const percent = (value: number) => (100 * value).toFixed(1);
  const header = ['held out', ...thresholds.map((t) => `PCK@${t} %`), 'error % of crop', 'corr(expected, true error)'];
  const rows = [network, ...baselines].map(({ name, pck, meanError, uncertainty }) => [
    name,
    ...pck.map(percent),
    percent(meanError),
    uncertainty?.pearson.toFixed(2) ?? '-',
  ]);
  return formatTable(header, rows);
}
