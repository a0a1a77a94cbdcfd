import { element } from '../shell/element.js';
import { type Room, StatusLine } from '../shell/room.js';
import type { Settings } from '../shell/settings.js';
import { liveGauge } from './gauge.js';
import { liveLikelihoods } from './likelihoods.js';
import type { LiveFigure } from './liveFigure.js';
import './tutorial.css';

/** Where a figure of the text comes to life in another room. */
const ROOMS: Readonly<Record<string, { readonly href: string; readonly says: string }>> = {
  moons: { href: '#/flow?data=moons&couplings=affine', says: 'Watch a flow learn the moons, in the room Flow' },
  residual: { href: '#/rle?noise=skewed', says: 'Shape errors, and watch RLE with and without log s, in the room RLE' },
};

/** Figures that take the place of their picture. */
const LIVE: Readonly<Record<string, (settings: Settings) => LiveFigure>> = {
  likelihoods: liveLikelihoods,
  gauge: liveGauge,
};

export const tutorialRoom: Room = {
  name: 'tutorial',
  title: 'Tutorial',
  lead: 'From the squared error to RLE: each formula beside the code that computes it.',
  enter(host, settings) {
    const status = new StatusLine();
    status.say('Opening the book\u2026');
    host.append(status.element);
    let left = false;
    const live: LiveFigure[] = [];
    const open = async () => {
      try {
        const { default: html } = await import('../../../docs/tutorial.md');
        if (left) return;
        const text = element('article', { class: 'book' });
        // Our own file, turned into HTML when the site was built.
        text.innerHTML = html;
        text.querySelector('h1')?.remove();
        for (const plate of text.querySelectorAll<HTMLElement>('[data-figure]')) {
          const name = plate.dataset.figure ?? '';
          const room = ROOMS[name];
          if (room) plate.after(element('a', { class: 'alive', href: room.href }, `${room.says} \u2192`));
          const figure = LIVE[name]?.(settings);
          if (!figure) continue;
          live.push(figure);
          plate.parentElement?.replaceWith(figure.element);
        }
        host.replaceChildren(text);
        host.dataset.done = 'true';
        const section = settings.number('section', 0, 0, 99);
        // After the page has gone to its top, as it does in every room that is entered.
        if (section > 0) requestAnimationFrame(() => text.querySelector(`#section-${section}`)?.scrollIntoView());
      } catch (error) {
        if (!left) status.fail((error as Error).message, () => void open());
      }
    };
    void open();
    return () => {
      left = true;
      for (const figure of live) figure.close();
    };
  },
};
