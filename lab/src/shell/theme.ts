const KEY = 'wgrad-lab-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** Makes a button switch between light and dark. Until it is pressed, the page follows the system. */
export function followTheme(button: HTMLButtonElement): void {
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
  const show = () => {
    const next = isDark() ? 'Light' : 'Dark';
    button.textContent = next;
    button.setAttribute('aria-label', `${next} colours`);
    colours = undefined;
    for (const repaint of repaints) repaint();
  };
  const stored = remembered();
  if (stored) document.documentElement.dataset.theme = stored;
  button.onclick = () => {
    const next = isDark() ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // A page that may store nothing still switches.
    }
    show();
  };
  dark.addEventListener('change', show);
  show();
}

function remembered(): string | undefined {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'dark' || stored === 'light' ? stored : undefined;
  } catch {
    return undefined;
  }
}

const repaints = new Set<() => void>();
let colours: Map<string, string> | undefined;

/** Calls `repaint` when the colours change; the result stops that. */
export function onColours(repaint: () => void): () => void {
  repaints.add(repaint);
  return () => repaints.delete(repaint);
}

/** Shows in its own colour what a variable comes to in the scheme of now. */
const probe = document.createElement('span');
probe.hidden = true;

/** The colour that a CSS variable has now, for canvases: `rgb(63, 81, 201)`. */
export function colour(name: string): string {
  colours ??= new Map();
  const known = colours.get(name);
  if (known) return known;
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${name})`;
  const value = getComputedStyle(probe).color;
  colours.set(name, value);
  return value;
}

/** Whether the visitor wants no motion that was not asked for. */
export function wantsStillness(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
