import type { JsonEntry } from 'wgrad/io';
import type { Id } from './annotations.js';

/**
 * What the entries of a list say, by their ids. An entry that stands twice counts once.
 * @param nameOf what tells entries apart; undefined where nothing does
 * @throws DataError where two entries have one id: in files that were joined, everything would belong to the later one
 */
export function byId<T>(
  entries: readonly JsonEntry[],
  read: (entry: JsonEntry) => T,
  nameOf: (one: T) => string | undefined,
): Map<Id, T> {
  const found = new Map<Id, T>();
  for (const entry of entries) {
    const [id, one] = [entry.id('id'), read(entry)];
    const before = found.get(id);
    if (before === undefined) found.set(id, one);
    else if (nameOf(before) !== nameOf(one)) {
      throw entry.error(
        'id',
        `expected another id than that of ${nameOf(before)}: files that were joined need new ids`,
      );
    }
  }
  return found;
}
