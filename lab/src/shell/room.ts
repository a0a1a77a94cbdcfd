import type { RoomName } from '../engine/protocol.js';
import { button } from './controls.js';
import { element } from './element.js';
import type { Settings } from './settings.js';

/** A room of the lab. */
export interface Room {
  readonly name: RoomName;
  readonly title: string;
  readonly lead: string;
  /** Fills the page; the result is called when the visitor leaves. */
  enter(host: HTMLElement, settings: Settings): () => void;
}

/** The line that says what a room runs on, and what went wrong. */
export class StatusLine {
  readonly element = element('p', { class: 'status', role: 'status', tabindex: -1 }, 'Opening a device\u2026');

  say(text: string): void {
    this.element.className = 'status';
    this.element.replaceChildren(text);
  }

  /** Something that went wrong and needs nothing: a file that cannot be read, for instance. */
  warn(text: string): void {
    this.element.className = 'status failed';
    this.element.replaceChildren(text);
  }

  /** An error, with a button that tries again. */
  fail(text: string, again: () => void): void {
    this.element.className = 'status failed';
    const retry = button('Start again', () => {
      // The button goes, and keys go on from here.
      this.element.focus();
      again();
    });
    this.element.replaceChildren(element('span', {}, text), retry);
  }
}
