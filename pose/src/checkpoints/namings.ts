import { DataError } from 'wgrad';
import { microsoft } from './microsoftNames.js';
import { mmpose } from './mmposeNames.js';
import type { Naming } from './naming.js';
import { official } from './officialNames.js';
import { torchvision } from './torchvisionNames.js';

/** The namings that wgrad knows; the first that matches a file is its. */
export const NAMINGS: readonly Naming[] = [official, mmpose, microsoft, torchvision];

/** Who named these tensors; undefined where nobody that wgrad knows did. */
export function namingOf(names: readonly string[]): Naming | undefined {
  return NAMINGS.find((naming) => naming.matches(names));
}

/** The naming called so. @throws DataError with those that there are */
export function namingCalled(name: string): Naming {
  const found = NAMINGS.find((naming) => naming.name === name);
  if (found) return found;
  throw new DataError(`names "${name}": expected ${NAMINGS.map((naming) => naming.name).join(', ')}`);
}
