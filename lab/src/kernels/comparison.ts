import type { BenchReport } from 'wgrad/testing';
import { button } from '../shell/controls.js';
import { element } from '../shell/element.js';
import { Figure } from '../shell/figure.js';
import { swatch } from '../shell/swatch.js';
import { COLOURS, type NamedReport, type Source, shortName } from './reports.js';
import { type Mark, nearest, paintRoofline } from './roofline.js';
import { comparisonTable, digits } from './tables.js';

const POINT = 'Point at a dot to see its case.';
const NOTHING_SHARED = 'Two adapters with a case in common are compared here: measure, or drop files.';

/** The measurements of several adapters: as a roofline, with a legend, and as a table of what they have in common. */
export class Comparison {
  readonly figure: HTMLElement;
  readonly legend = element('ul', { class: 'legend', tabindex: -1, 'aria-label': 'Adapters' });
  readonly table = element('div');
  readonly #roofline: Figure;
  #here: BenchReport | undefined;
  #others: readonly (NamedReport & { readonly isAdded: boolean })[] = [];
  #marks: readonly Mark[] = [];

  /**
   * @param selected the key of the case that stands out
   * @param pick is called with the key of a dot that was clicked
   */
  constructor(selected: () => string, pick: (key: string) => void) {
    this.#roofline = new Figure({
      aspect: 0.6,
      label:
        'Roofline: GFLOP per second over FLOP per byte, below the ceilings of each adapter. The tables hold the same numbers.',
      paint: (pen) => {
        this.#marks = paintRoofline(pen, this.sources, selected());
      },
    });
    const { canvas } = this.#roofline;
    const says = element('figcaption', {}, POINT);
    canvas.onpointermove = ({ offsetX, offsetY }) => {
      const mark = nearest(this.#marks, offsetX, offsetY);
      says.textContent = mark ? `${mark.key} on ${shortName(mark.source.report)}` : POINT;
      canvas.classList.toggle('pointing', mark !== undefined);
    };
    canvas.onclick = ({ offsetX, offsetY }) => {
      const mark = nearest(this.#marks, offsetX, offsetY);
      if (mark) pick(mark.key);
    };
    this.figure = element('figure', { class: 'roofline' }, canvas, says);
    this.#show();
  }

  /** This adapter first, then the others; its colour is kept for it. */
  get sources(): readonly Source[] {
    const others = this.#others.map((one, i) => ({ ...one, colour: COLOURS[1 + (i % (COLOURS.length - 1))] }));
    if (!this.#here) return others;
    return [{ name: 'This adapter', report: this.#here, isAdded: false, colour: COLOURS[0] }, ...others];
  }

  /** What was measured here so far. */
  set here(report: BenchReport | undefined) {
    this.#here = report;
    this.#show();
  }

  /** Adds measurements; those of the same name go. */
  add(reports: readonly NamedReport[], isAdded: boolean): void {
    for (const { name, report } of reports) {
      this.#others = [...this.#others.filter((one) => one.name !== name), { name, report, isAdded }];
    }
    this.#show();
  }

  paint(): void {
    this.#roofline.paint();
  }

  close(): void {
    this.#roofline.close();
  }

  #show(): void {
    const { sources } = this;
    this.paint();
    this.legend.replaceChildren(...sources.map((source) => this.#entry(source)));
    this.table.replaceChildren(comparisonTable(sources) ?? element('p', { class: 'prose' }, NOTHING_SHARED));
  }

  #entry({ report, name, isAdded, colour }: Source): HTMLElement {
    const { gflops, gbs } = report.ceilings;
    const rates = `${digits(gflops)} GFLOP/s, ${digits(gbs)} GB/s`;
    const clock = report.clock === 'host' ? 'host\u2019s clock' : 'timestamps';
    const remove = () => {
      this.#others = this.#others.filter((one) => one.name !== name);
      this.#show();
      this.legend.focus(); // its button has gone
    };
    return element(
      'li',
      {},
      swatch(colour),
      element(
        'span',
        {},
        element('b', {}, name),
        ` ${report.device} \u00b7 ${report.runtime} \u00b7 ${rates} \u00b7 ${clock}`,
      ),
      isAdded && button('Remove', remove),
    );
  }
}
