import { createEditor } from 'prism-code-editor';
import { defaultKeymap, editorCommands } from 'prism-code-editor/commands';
import { matchBrackets } from 'prism-code-editor/match-brackets';
import 'prism-code-editor/languages/clike';
import 'prism-code-editor/layout.css';
import { element } from '../shell/element.js';
import './code.css';
import './grammars.js';

/** An editor for JavaScript: colours, indentation, brackets, comments by Ctrl+/. */
export interface CodeField {
  readonly element: HTMLElement;
  /** What one types into; its value is the code, and its event `input` a change by hand. */
  readonly area: HTMLTextAreaElement;
  /** Shows other code. */
  set(code: string): void;
}

/** An editor whose code `run` is to run. Ctrl+Enter does; Tab indents, except after Escape, so that the keyboard can leave. */
export function codeField(code: string, run: () => void): CodeField {
  const runs = () => {
    run();
    return true;
  };
  const editor = createEditor(
    null,
    { language: 'javascript', lineNumbers: false, wordWrap: true, value: code },
    editorCommands({ ...defaultKeymap, 'Mod+Enter': runs, '2+Enter': runs }),
    matchBrackets(),
  );
  const { container, textarea: area } = editor;
  area.id = 'code';
  area.setAttribute('aria-describedby', 'code-help');
  return {
    area,
    element: element(
      'div',
      { class: 'control code' },
      element('label', { for: 'code' }, 'Code'),
      container,
      element('p', { id: 'code-help', class: 'help' }, 'Ctrl+Enter runs it; Escape, then Tab leaves it.'),
    ),
    set: (value) => editor.setOptions({ value }),
  };
}
