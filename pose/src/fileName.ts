/**
 * The last name of a path whose names are separated by `/` or `\\`, like Node's `basename`, which browsers do not have.
 */
export function fileName(path: string): string {
  return path.replace(/[/\\]+$/, '').replace(/^.*[/\\]/s, '');
}

/** The last name of a path without its extension: `785` of `images/785.jpg`. */
export function fileStem(path: string): string {
  return fileName(path).replace(/(?<=.)\.[^.]*$/s, '');
}
