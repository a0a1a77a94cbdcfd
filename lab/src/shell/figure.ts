import { element } from './element.js';
import { colour, onColours } from './theme.js';

/** What an axis covers, and what stands beside it. */
export interface Axis {
  readonly domain: readonly [number, number];
  readonly label?: string;
  readonly ticks?: readonly number[];
  /** What stands beside a tick; default: the number. */
  readonly format?: (tick: number) => string;
}

export interface FigureOptions {
  /** Height by width. */
  readonly aspect: number;
  readonly label: string;
  readonly paint: (pen: Pen) => void;
}

/** A canvas that keeps its sharpness at any width and repaints itself when its size or the colours change. */
export class Figure {
  readonly canvas: HTMLCanvasElement;
  readonly #options: FigureOptions;
  readonly #stop: () => void;
  readonly #observer: ResizeObserver;
  #pen: Pen | undefined;

  constructor(options: FigureOptions) {
    this.#options = options;
    this.canvas = element('canvas', { role: 'img', 'aria-label': options.label });
    this.canvas.style.aspectRatio = `1 / ${options.aspect}`;
    this.#observer = new ResizeObserver(() => this.paint());
    this.#observer.observe(this.canvas);
    this.#stop = onColours(() => this.paint());
  }

  /** Draws anew. */
  paint(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0) return;
    const ratio = Math.min(devicePixelRatio || 1, 3);
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== w || this.canvas.height !== h) Object.assign(this.canvas, { width: w, height: h });
    const context = this.canvas.getContext('2d');
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#pen = new Pen(context, width, height);
    this.#options.paint(this.#pen);
  }

  /** What stands on the x axis where the pointer is; undefined before the first picture. */
  xUnder({ offsetX }: PointerEvent): number | undefined {
    return this.#pen?.xAt(offsetX);
  }

  close(): void {
    this.#observer.disconnect();
    this.#stop();
  }
}

/** Draws in the units of two axes. */
export class Pen {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** How much larger the page's letters are than 16 pixels; lines and dots grow with them. */
  readonly unit = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  #left = 0;
  #right: number;
  #top = 0;
  #bottom: number;
  #x: readonly [number, number] = [0, 1];
  #y: readonly [number, number] = [0, 1];

  constructor(context: CanvasRenderingContext2D, width: number, height: number) {
    this.context = context;
    this.width = width;
    this.height = height;
    this.#right = width;
    this.#bottom = height;
  }

  /** Uses the whole canvas without axes. */
  plain(x: Axis['domain'], y: Axis['domain']): void {
    [this.#x, this.#y] = [x, y];
  }

  /** Leaves margins and draws axes with ticks, and a faint line at each tick of y. */
  axes(x: Axis, y: Axis): void {
    const { context, unit } = this;
    [this.#x, this.#y] = [x.domain, y.domain];
    context.font = `${12 * unit}px system-ui, sans-serif`;
    const yTicks = y.ticks ?? ticks(y.domain, 5);
    const [xText, yText] = [x.format ?? format, y.format ?? format];
    const wide = Math.max(...yTicks.map((tick) => context.measureText(yText(tick)).width));
    [this.#left, this.#right] = [Math.ceil(wide) + 10 * unit, this.width - 8 * unit];
    [this.#top, this.#bottom] = [unit * (y.label ? 22 : 8), this.height - unit * (x.label ? 38 : 22)];
    context.fillStyle = colour('faint');
    context.strokeStyle = colour('rule');
    context.lineWidth = unit;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (const tick of yTicks) {
      const at = this.atY(tick);
      context.fillText(yText(tick), this.#left - 6 * unit, at);
      this.#segment(this.#left, at, this.#right, at);
    }
    context.textAlign = 'center';
    context.textBaseline = 'top';
    for (const tick of x.ticks ?? ticks(x.domain, Math.max(2, Math.min(6, (this.#right - this.#left) / 70)))) {
      const half = context.measureText(xText(tick)).width / 2;
      context.fillText(xText(tick), Math.min(this.atX(tick), this.width - half), this.#bottom + 6 * unit);
    }
    if (x.label) context.fillText(x.label, (this.#left + this.#right) / 2, this.#bottom + 22 * unit);
    context.textAlign = 'left';
    if (y.label) context.fillText(y.label, 0, 0);
  }

  atX(x: number): number {
    return this.#left + ((x - this.#x[0]) / (this.#x[1] - this.#x[0])) * (this.#right - this.#left);
  }

  /** The x that lies at a pixel: `atX` backwards. */
  xAt(pixel: number): number {
    return this.#x[0] + ((pixel - this.#left) / (this.#right - this.#left)) * (this.#x[1] - this.#x[0]);
  }

  atY(y: number): number {
    return this.#bottom - ((y - this.#y[0]) / (this.#y[1] - this.#y[0])) * (this.#bottom - this.#top);
  }

  /** Draws inside of the axes only. */
  inside(draw: () => void): void {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(this.#left, this.#top, this.#right - this.#left, this.#bottom - this.#top);
    context.clip();
    draw();
    context.restore();
  }

  line(xs: ArrayLike<number>, ys: ArrayLike<number>, stroke: string, width = 2, dash: readonly number[] = []): void {
    const { context } = this;
    context.beginPath();
    for (let i = 0; i < xs.length; i++) context.lineTo(this.atX(xs[i]), this.atY(ys[i]));
    context.strokeStyle = stroke;
    context.lineWidth = width * this.unit;
    context.lineJoin = 'round';
    context.setLineDash(dash.map((length) => length * this.unit));
    context.stroke();
    context.setLineDash([]);
  }

  /** The area between two curves. */
  band(xs: ArrayLike<number>, low: ArrayLike<number>, high: ArrayLike<number>, fill: string, alpha: number): void {
    const { context } = this;
    context.beginPath();
    for (let i = 0; i < xs.length; i++) context.lineTo(this.atX(xs[i]), this.atY(low[i]));
    for (let i = xs.length - 1; i >= 0; i--) context.lineTo(this.atX(xs[i]), this.atY(high[i]));
    context.globalAlpha = alpha;
    context.fillStyle = fill;
    context.fill();
    context.globalAlpha = 1;
  }

  /** Points x, y, x, y, ...; the radius is in units of the page's letters, as the width of a line is. */
  dots(points: ArrayLike<number>, fill: string, radius: number, alpha = 1): void {
    const { context } = this;
    context.globalAlpha = alpha;
    context.fillStyle = fill;
    context.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = [this.atX(points[i]), this.atY(points[i + 1])];
      context.moveTo(x + radius * this.unit, y);
      context.arc(x, y, radius * this.unit, 0, 2 * Math.PI);
    }
    context.fill();
    context.globalAlpha = 1;
  }

  #segment(x0: number, y0: number, x1: number, y1: number): void {
    this.context.beginPath();
    this.context.moveTo(x0, y0);
    this.context.lineTo(x1, y1);
    this.context.stroke();
  }
}

/** About `count` round numbers of a domain. */
export function ticks([from, to]: readonly [number, number], count: number): number[] {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((s) => s >= rough) ?? 10 * power;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const format = (tick: number) => String(Number(tick.toPrecision(6))).replace('-', '\u2212');
