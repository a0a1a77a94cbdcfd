/** WGSL with its lines set in by the braces and brackets around them, and no more than one empty line in a row: packages hold it without. */
export function indented(code: string): string {
  let depth = 0;
  const lines = code
    .trim()
    .replace(/\n(\s*\n){2,}/g, '\n\n')
    .split('\n')
    .map((line) => {
      const text = line.trim();
      const closing = /^[)\]}]+/.exec(text)?.[0].length ?? 0;
      const inset = '  '.repeat(Math.max(0, depth - closing));
      for (const sign of text) depth += '([{'.includes(sign) ? 1 : ')]}'.includes(sign) ? -1 : 0;
      return text && inset + text;
    });
  return lines.join('\n');
}
