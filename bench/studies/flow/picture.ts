import * as Plot from '@observablehq/plot';
import { COLOUR, figure, type Panel } from '../../../docs/tutorial/figure.js';
import { FEATURES, TRAIN } from './line.js';
import { NOISES } from './noise.js';
import type { FigureMeasure, LineMeasure, Row } from './summary.js';
import { estimatorsOf } from './theory.js';

type Colours = Readonly<Record<string, string>>;

const LIKELIHOODS: Colours = {
  Laplace: COLOUR.blue,
  'Student-t': COLOUR.green,
  RLE: '#e8b08d',
  'RLE, slow flow': COLOUR.orange,
};
const ESTIMATORS: Colours = { L2: COLOUR.faint, ...LIKELIHOODS };
const TRAINED: Colours = {
  L1: COLOUR.faint,
  Laplace: COLOUR.blue,
  'Student-t': COLOUR.green,
  DLE: '#a8589c',
  RLE: COLOUR.orange,
};

interface Dot {
  readonly noise: string;
  readonly form: string;
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

/** What a flow buys in precision and in density along the line, and in accuracy on figures. */
export function drawFlow(line: readonly Row<LineMeasure>[], figures: readonly Row<FigureMeasure>[]): string {
  // What only some losses have been trained on is no comparison.
  const compared = figures.filter(({ noise }) => figures.some((row) => row.noise === noise && row.form === 'RLE'));
  return figure('What a flow buys under noise of many kinds, and when it buys nothing', [
    {
      title: 'How far mu is off; ticks: the bound',
      key: ESTIMATORS,
      plot: dots(
        dotsOf(line, 'varying', ESTIMATORS, 1),
        ESTIMATORS,
        { type: 'log', label: 'in units of the noise', tickFormat: '~g', ticks: 4 },
        bounds(),
      ),
    },
    {
      title: 'What the predicted density misses',
      key: LIKELIHOODS,
      plot: dots(dotsOf(line, 'missing', LIKELIHOODS, 1), LIKELIHOODS, { label: 'nats per joint', zero: true }),
    },
    {
      title: 'Figures: joints that are found',
      key: TRAINED,
      plot: dots(dotsOf(compared, 'pck20', TRAINED, 100), TRAINED, { label: 'PCK@0.2, %' }),
    },
  ]);
}

function dotsOf<M extends string>(rows: readonly Row<M>[], measure: M, colours: Colours, unit: number): Dot[] {
  return rows.flatMap(({ noise, form, measures }) => {
    const spread = measures[measure];
    if (!spread || !(form in colours)) return [];
    return [{ noise, form, mean: unit * spread.mean, least: unit * spread.least, most: unit * spread.most }];
  });
}

/** What no estimator is below, where the noise is the same for all labels. */
function bounds(): Plot.Markish[] {
  const shared = NOISES.filter(({ isShared }) => isShared).map(({ name, shapeOf }) => {
    const { bound } = estimatorsOf(shapeOf(0)).variances;
    return { noise: name, bound: Math.sqrt((bound * FEATURES) / TRAIN) };
  });
  return [Plot.tickX(shared, { x: 'bound', y: 'noise', stroke: COLOUR.ink, strokeWidth: 2 })];
}

/** A dot for the mean and a line for the range of each loss, the losses of a noise below each other. */
function dots(
  all: readonly Dot[],
  colours: Colours,
  x: Plot.ScaleOptions,
  more: readonly Plot.Markish[] = [],
): Panel['plot'] {
  const names = Object.keys(colours);
  const shift = (name: string) => 6 * (names.indexOf(name) - (names.length - 1) / 2);
  return {
    marginLeft: 92,
    x: { grid: true, ...x },
    y: { label: null, domain: [...new Set(all.map(({ noise }) => noise))] },
    marks: [
      Plot.frame({ stroke: COLOUR.rule }),
      ...more,
      ...names.flatMap((name) => {
        const mine = all.filter(({ form }) => form === name);
        const place = { y: 'noise', dy: shift(name), stroke: colours[name] } as const;
        return [
          Plot.ruleY(mine, { ...place, x1: 'least', x2: 'most', strokeWidth: 2 }),
          Plot.dot(mine, { ...place, x: 'mean', fill: colours[name], r: 3 }),
        ];
      }),
    ],
  };
}
