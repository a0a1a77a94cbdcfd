import { element } from '../shell/element.js';
import type { Room } from '../shell/room.js';
import { enterJoints } from './joints/jointsTask.js';
import { enterLine } from './line/lineTask.js';

/** What is learned, by the name in the address. */
const TASKS = { line: 'A line', joints: 'Joints of figures' } as const;

export const rleRoom: Room = {
  name: 'rle',
  title: 'RLE',
  lead: 'A loss says what errors are thought to be like. Shape the noise of labels, and see which loss finds it out.',
  enter(host, settings) {
    const task = settings.choice('task', ['line', 'joints'], 'line');
    const links = Object.entries(TASKS).map(([name, title]) =>
      element('a', { href: `#/rle?task=${name}`, 'aria-current': name === task && 'page' }, title),
    );
    host.append(element('nav', { class: 'tabs', 'aria-label': 'What is learned' }, links));
    return task === 'joints' ? enterJoints(host, settings) : enterLine(host, settings);
  },
};
