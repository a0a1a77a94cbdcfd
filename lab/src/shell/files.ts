import { button } from './controls.js';
import { element } from './element.js';

type Take = (files: readonly File[]) => void;

/** A button that lets the visitor choose files of this machine. */
export function fileButton(label: string, accept: string, take: Take, several = false): HTMLElement {
  const input = element('input', { type: 'file', accept, multiple: several, hidden: true });
  input.onchange = () => {
    take([...(input.files ?? [])]);
    input.value = ''; // so that the same file may be chosen again
  };
  return element(
    'span',
    { class: 'files' },
    button(label, () => input.click()),
    input,
  );
}

/** Takes files that are dropped anywhere on the page until the result is called. */
export function acceptDrops(host: HTMLElement, take: Take): () => void {
  const over = (event: DragEvent) => {
    event.preventDefault();
    host.classList.add('dropping');
  };
  const end = () => host.classList.remove('dropping');
  const drop = (event: DragEvent) => {
    event.preventDefault();
    end();
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) take(files);
  };
  const left = (event: DragEvent) => {
    if (event.relatedTarget === null) end();
  };
  addEventListener('dragover', over);
  addEventListener('dragleave', left);
  addEventListener('drop', drop);
  return () => {
    removeEventListener('dragover', over);
    removeEventListener('dragleave', left);
    removeEventListener('drop', drop);
  };
}

/** Hands a text to the visitor as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
