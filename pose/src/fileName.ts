/** The last name of a path, with `/` or `\\` between its names, as Node's `basename` gives it; browsers have none. */
export function fileName(path: string): string {
  return path.replace(/[/\\]+$/, '').replace(/^.*[/\\]/s, '');
}

/** The last name of a path without its extension: `785` of `images/785.jpg`. */
export function fileStem(path: string): string {
  return fileName(path).replace(/(?<=.)\.[^.]*$/s, '');
}
