import { element } from '../shell/element.js';

const WORDS =
  /(?<comment>\/\/[^\n]*)|(?<attribute>@\w+)|(?<keyword>\b(?:fn|var|let|const|override|struct|if|else|for|while|loop|return|break|continue|switch|case|default|enable|alias|requires)\b)|(?<type>\b(?:f32|f16|u32|i32|bool|array|atomic|ptr|vec[234][fuih]?|mat[234]x[234][fh]?)\b)/g;

/** WGSL with its comments, attributes, keywords and types marked. */
export function wgslText(code: string): HTMLElement {
  const parts: (string | HTMLElement)[] = [];
  let at = 0;
  for (const match of code.matchAll(WORDS)) {
    const kind = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0];
    parts.push(code.slice(at, match.index), element('span', { class: kind }, match[0]));
    at = match.index + match[0].length;
  }
  parts.push(code.slice(at));
  return element('code', {}, parts);
}
