import { DeviceError } from '../errors.js';
import type { Program } from './backend.js';

/**
 * The programs of a kernel, one for each variant: `const doubles = programs('double', doubleWgsl)`, then
 * `doubles({ lanes: 4 })` for every launch. The code of a variant is generated when it is first asked for.
 *
 * @param name the first words of each label, which the variant in words follows; or a function that makes the whole label.
 *   Labels are for people only.
 * @param code makes the WGSL of a variant. Variants are plain data, since they are told apart by their JSON.
 * @throws DeviceError for a variant with a function or a number that is not finite.
 */
export function programs<V extends readonly unknown[]>(
  name: string | ((...variant: V) => string),
  code: (...variant: V) => string,
): (...variant: V) => Program {
  const known = new Map<string, Program>();
  return (...variant) => {
    const key = JSON.stringify(variant);
    let program = known.get(key);
    if (!program) {
      const words = wordsOf(variant);
      const label = typeof name === 'string' ? [name, ...words].join(' ') : name(...variant);
      program = { label, code: code(...variant) };
      known.set(key, program);
    }
    return program;
  };
}

/** A variant in words: the name of what is true, a number after its name, a word as it is. */
function wordsOf(part: unknown, name = ''): string[] {
  if (typeof part === 'function' || (typeof part === 'number' && !Number.isFinite(part))) {
    throw new DeviceError(
      `programs: ${name || 'a variant'} is ${String(part)}, which JSON cannot tell from others; pass data`,
    );
  }
  if (Array.isArray(part)) return part.flatMap((item) => wordsOf(item));
  if (typeof part === 'object' && part !== null) return Object.entries(part).flatMap(([k, value]) => wordsOf(value, k));
  if (typeof part === 'number') return [`${name} ${part}`.trim()];
  if (part === undefined || part === false || part === 'none') return [];
  return [part === true ? name : String(part)];
}
