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

/**
 * A path from a folder's as one path with `/`: `images/a.jpg` of `labels` and `..\\images\\a.jpg`. A path that is absolute stays so.
 */
export function joined(folder: string, path: string): string {
  const plain = path.replace(/\\/g, '/');
  if (folder === '' || folder === '.' || /^(\/|[a-z]:|[a-z]+:\/\/)/i.test(plain)) return plain.replace(/^(\.\/)+/, '');
  const names: string[] = [];
  for (const name of `${folder.replace(/\\/g, '/')}/${plain}`.split('/')) {
    if (name === '..' && names.length > 0 && names.at(-1) !== '..') names.pop();
    else if (name !== '.' && name !== '') names.push(name);
  }
  return names.join('/');
}
