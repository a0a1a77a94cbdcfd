import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const docs = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs');
const tutorial = readFileSync(join(docs, 'tutorial.md'), 'utf8');

/** Code, and the files that the last sentence to link any before it names. */
interface Quote {
  readonly code: string;
  readonly files: readonly string[];
}

const linesOf = (text: string) => text.split('\n').map((line) => line.trim());

/** Whether a file has these lines, one right behind the other, whatever their indentation. */
function isQuotedFrom(file: string, code: string): boolean {
  return `\n${linesOf(file).join('\n')}\n`.includes(`\n${linesOf(code).join('\n')}\n`);
}

function quotesOf(markdown: string): Quote[] {
  const quotes: Quote[] = [];
  let files: string[] = [];
  const [before, ...rest] = markdown.split('```ts\n');
  const collect = (text: string) => {
    const links = [...text.matchAll(/\[`[^`]+`\]\(([^)#]+\.ts)\)/g)].map(([, path]) => path);
    if (links.length > 0) files = links;
  };
  collect(before);
  for (const part of rest) {
    const end = part.indexOf('\n```');
    quotes.push({ code: part.slice(0, end), files });
    collect(part.slice(end));
  }
  return quotes;
}

const quotes = quotesOf(tutorial);

test('the tutorial quotes code, each from a file that it names', () => {
  expect(quotes.length).toBeGreaterThan(25);
  for (const { code, files } of quotes) expect(files, code).not.toHaveLength(0);
});

describe('what the tutorial quotes stands in the file', () => {
  test.each(quotes)('$files: $code', ({ code, files }) => {
    const sources = files.map((file) => readFileSync(join(docs, file), 'utf8'));
    expect(sources.some((source) => isQuotedFrom(source, code))).toBe(true);
  });
});

test('a quote that differs by a character, or skips a line, is found', () => {
  const file = 'function f() {\n  const a = add(x, 1);\n\n  return mul(a, 2);\n}\n';
  expect(isQuotedFrom(file, 'return mul(a, 2);')).toBe(true);
  expect(isQuotedFrom(file, 'return mul(a, 3);')).toBe(false);
  expect(isQuotedFrom(file, 'mul(a, 2);')).toBe(false);
  expect(isQuotedFrom(file, 'const a = add(x, 1);\nreturn mul(a, 2);')).toBe(false);
});

test('every figure and file that the tutorial links to is there', () => {
  const prose = tutorial.replaceAll(/```.*?```/gs, '');
  const links = [...prose.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path);
  expect(links.length).toBeGreaterThan(20);
  for (const path of links) expect(existsSync(join(docs, path)), path).toBe(true);
});

test('the example is quoted whole, and has at most 40 lines', () => {
  const file = readFileSync(join(docs, '../examples/uncertainLabels.ts'), 'utf8');
  const code = file.slice(file.indexOf('import '));
  expect(quotes.map((quote) => quote.code)).toContain(code.trimEnd());
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
});
