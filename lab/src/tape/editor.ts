import { element } from '../shell/element.js';

/**
 * A field for code. Ctrl+Enter runs it. Tab indents, except right after Escape, so that the keyboard can leave.
 */
export function codeField(
  code: string,
  run: () => void,
): { readonly element: HTMLElement; readonly area: HTMLTextAreaElement } {
  const area = element('textarea', {
    id: 'code',
    rows: 20,
    spellcheck: 'false',
    autocomplete: 'off',
    autocapitalize: 'off',
    'aria-describedby': 'code-help',
  });
  area.value = code;
  let escaped = false;
  area.onkeydown = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    } else if (event.key === 'Tab' && !event.shiftKey && !escaped) {
      event.preventDefault();
      insert(area, '  ');
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const line = area.value.slice(0, area.selectionStart).split('\n').at(-1) ?? '';
      const opens = /[{([]\s*$/.test(line) ? '  ' : '';
      insert(area, `\n${/^\s*/.exec(line)?.[0] ?? ''}${opens}`);
    }
    escaped = event.key === 'Escape';
  };
  return {
    area,
    element: element(
      'div',
      { class: 'control code' },
      element('label', { for: 'code' }, 'Code'),
      area,
      element('p', { id: 'code-help', class: 'help' }, 'Ctrl+Enter runs it; Escape, then Tab leaves it.'),
    ),
  };
}

/** Types in the place of the visitor, so that undo works. */
function insert(area: HTMLTextAreaElement, text: string): void {
  // The only way that keeps the history of undo; browsers without it get the text all the same.
  if (!document.execCommand?.('insertText', false, text))
    area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
}
