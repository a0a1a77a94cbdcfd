import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Marked } from 'marked';
import temml from 'temml';
import type { Plugin } from 'vite';

/**
 * Turns a Markdown file into a module whose default export is its HTML when the site is built, so that the page needs neither a
 * parser nor a typesetter: formulas become MathML, pictures files of the site, and headings sections of the room's address.
 */
export function tutorialPlugin(): Plugin {
  return {
    name: 'tutorial',
    transform(text, id) {
      if (!id.endsWith('.md')) return undefined;
      const pictures: string[] = [];
      const html = toHtml(text, (path) => ({
        address: `\u0000${pictures.push(path) - 1}\u0000`,
        size: sizeOf(readFileSync(join(dirname(id), path), 'utf8')),
      }));
      const imports = pictures.map((path, i) => `import picture${i} from ${JSON.stringify(`./${path}?url`)};`);
      const parts = html.split('\u0000').map((part, i) => (i % 2 === 0 ? JSON.stringify(part) : `picture${part}`));
      return { code: `${imports.join('\n')}\nexport default ${parts.join(' + ')};`, map: null };
    },
  };
}

interface Picture {
  readonly address: string;
  /** Attributes that keep its place free until it is there. */
  readonly size: string;
}

/** @param pictureAt a picture, by its path beside the file */
export function toHtml(markdown: string, pictureAt: (path: string) => Picture): string {
  let section = 0;
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const id = depth === 2 ? ` id="section-${++section}"` : '';
        return `<h${depth}${id}>${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      code({ text, lang }) {
        if (lang === 'math') return `<div class="formula" tabindex="0">${formulasOf(text).join(' ')}</div>\n`;
        return `<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>\n`;
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        if (href.startsWith('https://')) return `<a href="${href}" rel="noreferrer">${text}</a>`;
        const number = /^#(\d+)-/.exec(href)?.[1];
        // Files of the repository are not part of the site.
        return number ? `<a href="#/tutorial?section=${number}">${text}</a>` : text;
      },
      image({ href, text }) {
        const name = basename(href, '.svg');
        const { address, size } = pictureAt(href);
        return `<span class="plate" tabindex="0" data-figure="${name}"><img src="${address}" ${size} alt="${escapeHtml(text)}"></span>`;
      },
    },
  });
  // Quotes of code that follow each other stay together beside what is said of them.
  const html = marked
    .parse(markdown, { async: false })
    .replace(/(<pre .*?<\/pre>\s*)+/gs, '<div class="quotes">$&</div>\n');
  // What is out of sight is laid out when the reader comes near, section by section.
  const [head, ...sections] = html.split(/(?=<h2 )/);
  return head + sections.map((part) => `<section>${part}</section>\n`).join('');
}

/** Browsers break no formula, so one that says several things comes in parts, which may stand below each other. */
const formulasOf = (tex: string) =>
  tex.split('\\qquad').map((part) => temml.renderToString(part, { displayMode: true }));

/** `width="702" height="376"` of an SVG file. */
const sizeOf = (svg: string) => /width="\d+" height="\d+"/.exec(svg)?.[0] ?? '';

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
