import { formatTable } from 'wgrad/testing';
import type { RunReport } from '../report/runReport.js';

/** The scores of network and baselines as aligned lines. */
export function scoreTable({ network, baselines, thresholds }: RunReport): string {
  const percent = (value: number) => (Number.isNaN(value) ? '-' : (100 * value).toFixed(1));
  const inSpace = network.space ? ['MPJPE mm', 'PA-MPJPE mm'] : [];
  const heads = network.pckh === undefined ? [] : ['PCKh@0.5 %'];
  const pcks = [...thresholds.map((t) => `PCK@${t} %`), ...heads];
  const header = ['held out', ...pcks, 'error % of crop', ...inSpace, 'corr(expected, true error)'];
  const rows = [network, ...baselines].map(({ name, pck, pckh, meanError, space, uncertainty }) => [
    name,
    ...pck.map(percent),
    ...(pckh === undefined ? [] : [percent(pckh)]),
    percent(meanError),
    ...(space ? [space.mpjpe.toFixed(1), space.paMpjpe.toFixed(1)] : []),
    uncertainty?.pearson.toFixed(2) ?? '-',
  ]);
  return formatTable(header, rows);
}
