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

/**
 * The bytes of a file.
 * @throws Error of one line where it cannot be read
 */
export async function bytesOf(file: File): Promise<ArrayBuffer> {
  return file.arrayBuffer().catch(() => {
    throw new Error(`${file.name}: this browser cannot read it; it is a folder, too large, or gone`);
  });
}

const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false;

/** Keeps the page where files are dropped that no room takes: browsers would open them in its place. */
export function refuseDrops(): void {
  const refuse = (event: DragEvent) => {
    if (!hasFiles(event) || event.defaultPrevented || !event.dataTransfer) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  };
  addEventListener('dragover', refuse);
  addEventListener('drop', refuse);
}

/** Takes files that are dropped anywhere on the page until the result is called. */
export function acceptDrops(host: HTMLElement, take: Take): () => void {
  const over = (event: DragEvent) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
    host.classList.add('dropping');
  };
  const end = () => host.classList.remove('dropping');
  const drop = (event: DragEvent) => {
    if (!hasFiles(event)) return;
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
