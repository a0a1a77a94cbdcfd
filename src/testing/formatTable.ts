/** Rows under a header in aligned columns; what looks like a number stands at the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => all.reduce((width, row) => Math.max(width, row[column].length), 0));
  const isNumber = header.map((_, column) => rows.every((row) => /^[-\d]/.test(row[column])));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
}
