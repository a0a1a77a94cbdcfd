import { adapterRoom } from './adapter/room.js';
import { flowRoom } from './flow/room.js';
import { gradientsRoom } from './gradients/room.js';
import { kernelsRoom } from './kernels/room.js';
import { poseRoom } from './pose/room.js';
import { rleRoom } from './rle/room.js';
import { element } from './shell/element.js';
import { refuseDrops } from './shell/files.js';
import type { Room } from './shell/room.js';
import { readAddress, Settings } from './shell/settings.js';
import { followTheme } from './shell/theme.js';
import { tapeRoom } from './tape/room.js';
import { tutorialRoom } from './tutorial/room.js';

const ROOMS: readonly Room[] = [
  flowRoom,
  rleRoom,
  poseRoom,
  gradientsRoom,
  kernelsRoom,
  tapeRoom,
  adapterRoom,
  tutorialRoom,
];

const main = document.querySelector('main') as HTMLElement;
const nav = document.querySelector('header nav') as HTMLElement;
const links = ROOMS.map(({ name, title }) => element('a', { href: `#/${name}` }, title));
nav.append(...links);
let open: { readonly settings: Settings; readonly leave: () => void } | undefined;

function enter(): void {
  const { room: name, settings: values } = readAddress(location.hash);
  const room = ROOMS.find((one) => one.name === name) ?? ROOMS[0];
  open?.leave();
  open?.settings.close();
  document.title = `${room.title} \u00b7 wgrad lab`;
  for (const [i, link] of links.entries()) {
    if (ROOMS[i] === room) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  showCurrent();
  const host = element('div', { class: `room ${room.name}` });
  main.replaceChildren(element('h1', {}, room.title), element('p', { class: 'lead' }, room.lead), host);
  const settings = new Settings(room.name, values);
  open = { settings, leave: room.enter(host, settings) };
}

/** Brings the room that is open into the middle of their line, which scrolls on a phone. */
function showCurrent(): void {
  const link = nav.querySelector<HTMLElement>('[aria-current]');
  if (link) nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
}

refuseDrops();
followTheme(document.querySelector('button.theme') as HTMLButtonElement);
addEventListener('resize', showCurrent);
// What is chosen is in the address before one reloads or follows a link. Sliders change it more often than browsers allow.
for (const kind of ['click', 'change']) {
  addEventListener(kind, ({ target }) => {
    if (!(target instanceof HTMLInputElement && target.type === 'range')) open?.settings.write();
  });
}
addEventListener('hashchange', () => {
  enter();
  scrollTo(0, 0);
  // So that the next key is heard in the room, and a screen reader begins there.
  main.focus({ preventScroll: true });
});
// The address is a route here, so the link's own jump would leave the room.
document.querySelector('a.skip')?.addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
enter();
