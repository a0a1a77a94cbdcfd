import type { RunReport } from '../pose/report/runReport.js';
import { formatTable } from './table.js';

/** The scores of network and baselines as aligned lines. */
export function scoreTable({ network, baselines, thresholds }: RunReport): string {
  const percent = (value: number) => (100 * value).toFixed(1);
  const inSpace = network.space ? ['MPJPE mm', 'PA-MPJPE mm'] : [];
  const pcks = thresholds.map((t) => `PCK@${t} %`);
  const header = ['held out', ...pcks, 'error % of crop', ...inSpace, 'corr(expected, true error)'];
  const rows = [network, ...baselines].map(({ name, pck, meanError, space, uncertainty }) => [
    name,
    ...pck.map(percent),
    percent(meanError),
    ...(space ? [space.mpjpe.toFixed(1), space.paMpjpe.toFixed(1)] : []),
    uncertainty?.pearson.toFixed(2) ?? '-',
  ]);
  return formatTable(header, rows);
}
