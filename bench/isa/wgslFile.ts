import { DataError } from '../../src/errors.js';

/** A buffer of group 0. */
export interface BufferBinding {
  readonly binding: number;
  readonly type: 'uniform' | 'storage' | 'read-only-storage';
}

/** What a pipeline has to know of a WGSL file. */
export interface WgslFile {
  /** Its `@compute` functions. */
  readonly entryPoints: readonly string[];
  /** Override constants, from a line `// constants: {"N": 4}`. */
  readonly constants: Readonly<Record<string, number>>;
  /** Its bindings, if all are buffers of group 0 and at most one a uniform, as in wgrad's kernels; else left to WebGPU. */
  readonly buffers?: readonly BufferBinding[];
}

/** @throws DataError for what is no text, or a line of constants that is not JSON with numbers */
export function readWgsl(text: string): WgslFile {
  if (text.includes('\0')) throw new DataError('no text, expected WGSL');
  const code = withoutComments(text);
  return {
    entryPoints: [...code.matchAll(/@\s*compute\b[^{;]*?\bfn\s+([^\s(]+)/g)].map(([, name]) => name),
    constants: constantsOf(text),
    buffers: buffersOf(code),
  };
}

function constantsOf(text: string): Record<string, number> {
  const [line, json] = /^[ \t]*\/\/[ \t]*constants:[ \t]*(\{.*)/m.exec(text) ?? [];
  if (line === undefined) return {};
  try {
    const constants: Record<string, unknown> = JSON.parse(json);
    if (Object.values(constants).every(Number.isFinite)) return constants as Record<string, number>;
  } catch {
    // What is no JSON has no numbers either.
  }
  throw new DataError(`${line.trim()}: expected JSON with numbers, such as // constants: {"N": 64}`);
}

function buffersOf(code: string): BufferBinding[] | undefined {
  const all = [
    ...code.matchAll(/((?:@\s*(?:group|binding)\s*\([^)]*\)\s*){2})var\s*<\s*(\w+)\s*(?:,\s*(\w+)\s*,?\s*)?>/g),
  ];
  const found = all.map(([, where, space, access]): BufferBinding & { group: number } => ({
    group: placeIn(where, 'group'),
    binding: placeIn(where, 'binding'),
    type: space === 'uniform' ? 'uniform' : access === 'read_write' ? 'storage' : 'read-only-storage',
  }));
  const declared = code.match(/@\s*binding\b/g)?.length ?? 0;
  const areAllRead = found.length === declared && found.every(({ group, binding }) => group === 0 && binding >= 0);
  const areDistinct = new Set(found.map(({ binding }) => binding)).size === found.length;
  const uniforms = found.filter(({ type }) => type === 'uniform').length;
  if (found.length === 0 || !areAllRead || !areDistinct || uniforms > 1) return undefined;
  return found.map(({ binding, type }) => ({ binding, type }));
}

/** The number in `@group(0)` or `@binding(0)`; NaN where it is an expression. */
function placeIn(attributes: string, name: 'group' | 'binding'): number {
  return Number(new RegExp(`@\\s*${name}\\s*\\(\\s*(\\d+)[iu]?\\s*,?\\s*\\)`).exec(attributes)?.[1] ?? Number.NaN);
}

/** Comments become a space; those of blocks nest. */
function withoutComments(code: string): string {
  let kept = '';
  let from = 0;
  let depth = 0;
  let isLine = false;
  for (const { 0: mark, index } of code.matchAll(/\/\/|\/\*|\*\/|\n/g)) {
    const isOpen = depth > 0 || isLine;
    if (mark === '\n') isLine = false;
    else if (isLine) continue;
    else if (mark === '/*') depth++;
    else if (mark === '*/') depth = Math.max(0, depth - 1);
    else isLine = depth === 0;
    const isNowOpen = depth > 0 || isLine;
    if (!isOpen && isNowOpen) kept += `${code.slice(from, index)} `;
    if (isOpen && !isNowOpen) from = index + mark.length;
  }
  return depth > 0 || isLine ? kept : kept + code.slice(from);
}
