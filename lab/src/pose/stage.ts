import { drawLabel, drawPose, type JointSchema, overlayViewBox } from 'wgrad-pose';
import { drawable, type Place } from '../shell/drawing.js';
import { element } from '../shell/element.js';
import type { FoundPose, Spread } from './engine.js';

/** What is drawn over a picture. */
export interface Drawn {
  readonly schema: JointSchema;
  readonly pose?: FoundPose;
  readonly spread?: Spread;
  /** Where the joints of a generated figure are. */
  readonly truth?: Float64Array | undefined;
}

/** `[x, y, width, height]` in pixels of the picture. */
export type BoxOfPerson = readonly [x: number, y: number, width: number, height: number];

/** Longer side of the picture as it is shown; a larger one shows no more. */
const SHOWN = 1600;
/** A box of fewer pixels was a click. */
const LEAST_BOX = 8;

/** A picture with a pose over it, in the same drawing as the overlays of `wgrad-pose predict`, and a box that one draws. */
export class Stage {
  readonly element: HTMLElement;
  readonly #canvas = element('canvas', { role: 'img', 'aria-label': 'The picture' });
  readonly #overlay = element('div', { class: 'overlay', 'aria-hidden': 'true' });
  readonly #frame = element('div', { class: 'frame', 'aria-hidden': 'true', hidden: true });
  #size: readonly [number, number] = [1, 1];
  /** The person's box that holds while another one is drawn. */
  #box: BoxOfPerson | undefined;

  /** @param boxed is called when the visitor has drawn a box, in pixels of the picture */
  constructor(boxed: (box: BoxOfPerson) => void) {
    this.element = element('div', { class: 'stage' }, this.#canvas, this.#overlay, this.#frame);
    let [from, to]: [Place, Place] = [
      [0, 0],
      [0, 0],
    ];
    const drawn = (): BoxOfPerson => {
      const [w, h] = this.#size;
      const [left, top] = [Math.min(from[0], to[0]), Math.min(from[1], to[1])];
      return [left * w - 0.5, top * h - 0.5, Math.abs(to[0] - from[0]) * w, Math.abs(to[1] - from[1]) * h];
    };
    drawable(this.element, 'Draw a box around a person here.', {
      begin: (place) => {
        [from, to] = [place, place];
      },
      move: (place) => {
        to = place;
        this.#outline(drawn());
      },
      end: () => {
        const box = drawn();
        if (box[2] >= LEAST_BOX && box[3] >= LEAST_BOX) boxed(box);
        else this.#outline(this.#box);
      },
      drop: () => this.#outline(this.#box),
    });
  }

  /** Width and height of the picture. */
  get size(): readonly [width: number, height: number] {
    return this.#size;
  }

  /** Shows a picture, with nothing over it. */
  show(picture: ImageBitmap | HTMLVideoElement, width: number, height: number): void {
    this.#size = [width, height];
    const scale = Math.min(1, SHOWN / Math.max(width, height));
    const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    if (this.#canvas.width !== w || this.#canvas.height !== h) Object.assign(this.#canvas, { width: w, height: h });
    this.#canvas.getContext('2d')?.drawImage(picture, 0, 0, w, h);
    this.element.style.setProperty('--aspect', String(width / height));
  }

  /** Draws a pose over the picture; `says` is the same in words. */
  draw({ schema, pose, spread, truth }: Drawn, says: string): void {
    this.#canvas.setAttribute('aria-label', says);
    const [width, height] = this.#size;
    const longer = Math.max(width, height);
    const size = pose ? Math.min(pose.side, longer) : longer;
    const samples = (spread?.samples ?? []).map((joints) => drawLabel(schema, { joints }, size)).join('');
    const label = truth ? drawLabel(schema, { joints: truth }, size) : '';
    const found = pose ? drawPose(schema, { joints: pose.joints, ellipses: spread?.ellipses }, size) : '';
    this.#overlay.innerHTML =
      `<svg viewBox="${overlayViewBox(width, height)}" preserveAspectRatio="none">` +
      `<g class="samples">${samples}</g><g class="truth">${label}</g>${found}</svg>`;
  }

  /** Shows the person's box; none where the person fills the picture. */
  frame(box: BoxOfPerson | undefined): void {
    this.#box = box;
    this.#outline(box);
  }

  #outline(box: BoxOfPerson | undefined): void {
    this.#frame.hidden = box === undefined;
    if (!box) return;
    const [width, height] = this.#size;
    const [x, y, w, h] = box;
    const share = (part: number, whole: number) => `${(100 * part) / whole}%`;
    Object.assign(this.#frame.style, {
      left: share(x + 0.5, width),
      top: share(y + 0.5, height),
      width: share(w, width),
      height: share(h, height),
    });
  }
}
