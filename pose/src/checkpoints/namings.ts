import { DataError } from 'wgrad';
import { microsoft } from './microsoftNames.js';
import { mmpose } from './mmposeNames.js';
import type { Naming } from './naming.js';
import { official } from './officialNames.js';
import { torchvision } from './torchvisionNames.js';
import { ultralytics } from './ultralyticsNames.js';

/** The namings that wgrad knows; a file has the first that matches. */
export const NAMINGS: readonly Naming[] = [official, mmpose, microsoft, torchvision, ultralytics];

/** The naming of these tensors; undefined where wgrad knows none that matches. */
export function namingOf(names: readonly string[]): Naming | undefined {
  return NAMINGS.find((naming) => naming.matches(names));
}

/** The naming of this name. @throws DataError, which lists the names that there are */
export function namingCalled(name: string): Naming {
  const found = NAMINGS.find((naming) => naming.name === name);
  if (found) return found;
  throw new DataError(`names "${name}": expected ${NAMINGS.map((naming) => naming.name).join(', ')}`);
}
