import { highlightText } from 'prism-code-editor/prism';
import { element } from '../shell/element.js';
import './code.css';
import './grammars.js';

/** WGSL in colours. */
export function wgslText(code: string): HTMLElement {
  const shown = element('code', { class: 'coloured' });
  shown.innerHTML = highlightText(code, 'wgsl');
  return shown;
}
