import type { Pen } from '../shell/figure.js';
import { colour } from '../shell/theme.js';
import type { Source } from './reports.js';
import { caseKey } from './selection.js';

/** A point that was drawn, in pixels of the figure. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly key: string;
  readonly source: Source;
}

type Range = readonly [number, number];

/**
 * Draws for each source what its adapter can do at most, `min(FMA ceiling, intensity x copy ceiling)`, and its cases below
 * or at it. Both axes are logarithmic. Cases without FLOP, such as copies, have no place here.
 */
export function paintRoofline(pen: Pen, sources: readonly Source[], selected: string): Mark[] {
  const points = sources.flatMap((source) =>
    source.report.rows
      .filter(({ gflops, gbs }) => gflops > 0 && gbs > 0)
      .map((row) => ({ source, key: caseKey(row.op, row.name), x: row.gflops / row.gbs, y: row.gflops })),
  );
  const roofs = sources.map(({ report: { ceilings } }) => ceilings);
  const x = decades([...points.map((p) => p.x), ...roofs.map(({ gflops, gbs }) => gflops / gbs)]);
  const y = decades([...points.map((p) => p.y), ...roofs.map(({ gflops }) => gflops)]);
  pen.axes(
    { domain: x, label: 'FLOP per byte', ticks: powers(x), format: power },
    { domain: y, label: 'GFLOP/s', ticks: powers(y), format: power },
  );
  const radius = Math.max(2.5, Math.min(5, pen.width / 200));
  const marks: Mark[] = [];
  pen.inside(() => {
    for (const { report, colour: name } of sources) {
      const { gflops, gbs } = report.ceilings;
      const ridge = Math.log10(gflops / gbs);
      const roof = Math.log10(gflops);
      pen.line([x[0], ridge, x[1]], [Math.log10(gbs) + x[0], roof, roof], colour(name), 1.5);
    }
    for (const { source, key, ...at } of points) {
      const place = [Math.log10(at.x), Math.log10(at.y)];
      const isSelected = key === selected;
      if (isSelected) pen.dots(place, colour('ink'), 2 * radius);
      pen.dots(place, colour(source.colour), isSelected ? 1.5 * radius : radius, isSelected ? 1 : 0.8);
      marks.push({ key, source, x: pen.atX(place[0]), y: pen.atY(place[1]) });
    }
  });
  return marks;
}

/** The mark nearest to a place of the figure, if one is near. */
export function nearest(marks: readonly Mark[], x: number, y: number, reach = 24): Mark | undefined {
  let best: Mark | undefined;
  let least = reach;
  for (const mark of marks) {
    const distance = Math.hypot(mark.x - x, mark.y - y);
    if (distance < least) [best, least] = [mark, distance];
  }
  return best;
}

/** What an axis of values covers, in powers of ten, with room at both ends. */
function decades(values: readonly number[]): Range {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  if (logs.length === 0) return [0, 3];
  return [Math.min(...logs) - 0.25, Math.max(...logs) + 0.25];
}

function powers([from, to]: Range): number[] {
  const [first, last] = [Math.floor(from), Math.ceil(to)];
  const all = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((p) => p >= from && p <= to);
  if (all.length > 2) return all;
  // Two decades or less want ticks between them.
  const fine = Array.from({ length: last - first + 1 }, (_, i) =>
    [0, LOG2, LOG5].map((part) => first + i + part),
  ).flat();
  return fine.filter((p) => p >= from && p <= to);
}

const LOG2 = Math.log10(2);
const LOG5 = Math.log10(5);

/** `0.01`, `10`, `5k`: ten to this. */
function power(p: number): string {
  const value = Number((10 ** p).toPrecision(1));
  return value >= 1000 ? `${value / 1000}k` : String(value);
}
