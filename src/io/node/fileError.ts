import { DataError } from '../../errors.js';

/** What the user can do about each error code of the file system. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'the file or its folder does not exist; check the path or create the folder',
  ENOTDIR: 'a part of the path is not a folder; check the path',
  EISDIR: 'it is a folder; name a file',
  EEXIST: 'something of that name is there; choose another name',
  EACCES: 'permission denied; check who owns it, or choose another place',
  EPERM: 'permission denied; check who owns it, or choose another place',
  EROFS: 'the file system is read-only; choose another place',
  ENOSPC: 'the disk is full; free some space or choose another place',
  EDQUOT: 'the disk quota is used up; free some space or choose another place',
  EFBIG: 'the file is larger than allowed here; raise the limit (ulimit -f) or choose another place',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
  EMFILE: 'too many files are open; raise the limit (ulimit -n)',
};

/**
 * Says in one line what failed with which file and how to mend it.
 * @param action a verb phrase such as `cannot write`
 * @returns a DataError with `cause` as its cause
 */
export function fileError(action: string, path: string, cause: unknown): DataError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new DataError(`${action} ${path}: ${REMEDIES[code] ?? message}${code && ` (${code})`}`, { cause });
}
