import { html, Markup } from './markup.js';
import { stylesheet } from './stylesheet.js';

/**
 * An HTML page that needs nothing else: no script, no font, no network. It follows the reader's light or dark theme and prints
 * on white. The markup is well-formed XML too.
 */
export function page(title: string, header: Markup, main: Markup): string {
  const { text } = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>${title}</title>
<style>${new Markup(stylesheet)}</style>
</head>
<body>
<header>${header}</header>
<main>
${main}
</main>
</body>
</html>
`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no HTML may hold them, and names from outside may
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd');
}
