import { DeviceError } from '../errors.js';
import type { Bindable, Launch, Program } from './backend.js';
import { isFloat } from './shape.js';
import type { Kernel } from './tensor.js';

/**
 * How the elements of a binding lie in memory: as float32, or as an even or odd number of float16. A binding consists of
 * whole words of 4 bytes, so that an array of an odd number of float16 seems to have one element more.
 */
type Storage = 'float32' | 'even' | 'odd';

/**
 * The launch with its WGSL rewritten for float16 tensors: such a binding is declared as `f16`, its loads are widened to
 * what the kernel expects, and its stores are rounded. So float16 is only how numbers lie in memory; the kernel computes in
 * float32. A kernel that reads a float as a `u32` word sees the word of the widened number.
 *
 * WGSL leaves open which neighbour a number is rounded to, and what becomes of one beyond 65504.
 */
export function withHalfBindings(launch: Launch): Launch {
  const bound = [...launch.read, ...launch.write];
  if (!bound.some(({ dtype }) => dtype === 'float16')) return launch;
  return { ...launch, program: stored(launch.program, bound.map(storageOf)) };
}

const checked = new WeakSet<Program>();

/**
 * Wraps the launches of a kernel that may meet float16. A program that `withHalfBindings` could not rewrite is refused when
 * it is first made, even by a call without float16. The rules for kernels stand at `OpDefinition.half`.
 *
 * @param updated how many of the first outputs are updated in place; running statistics and the like stay float32
 * @throws DeviceError that names the kernel, the binding and the rule
 */
export function halfReady<A>(launches: Kernel<A>['launches'], updated = 0): Kernel<A>['launches'] {
  return (inputs, outputs, ...rest) => {
    const made = launches(inputs, outputs, ...rest);
    const inPlace = new Set<Bindable>(outputs.slice(0, updated));
    for (const { program, read, write } of made) {
      if (checked.has(program)) continue;
      [...read, ...write].forEach((b, binding) => {
        if (!('scratch' in b) && isFloat(b) && !inPlace.has(b))
          rewriteBinding(program.code, program.label, binding, 'even');
      });
      checked.add(program);
    }
    return made;
  };
}

function storageOf(b: Bindable): Storage {
  if (b.dtype !== 'float16') return 'float32';
  return ('scratch' in b ? b.length : b.size) % 2 === 0 ? 'even' : 'odd';
}

/** Rewritten programs, by their code and then by which bindings are float16. */
const known = new Map<string, Map<string, Program>>();

function stored({ label, code }: Program, storages: readonly Storage[]): Program {
  const halves = storages.flatMap((storage, i) =>
    storage === 'float32' ? [] : `${i}${storage === 'odd' ? ' odd' : ''}`,
  );
  const key = halves.join(', ');
  const variants = known.get(code) ?? new Map<string, Program>();
  known.set(code, variants);
  let program = variants.get(key);
  if (!program) {
    let rewritten = code;
    storages.forEach((storage, binding) => {
      if (storage !== 'float32') rewritten = rewriteBinding(rewritten, label, binding, storage);
    });
    program = { label: `${label}, f16 ${key}`, code: `enable f16;\n${rewritten}` };
    variants.set(key, program);
  }
  return program;
}

/** The float16 counterpart of an element type, and the WGSL that converts between the two. */
interface ElementType {
  readonly half: string;
  readonly load: (place: string) => string;
  readonly store: (value: string) => string;
}

const f32: ElementType = { half: 'f16', load: (x) => `f32(${x})`, store: (x) => `f16(${x})` };
const vec4f: ElementType = { half: 'vec4<f16>', load: (x) => `vec4f(${x})`, store: (x) => `vec4<f16>(${x})` };
const u32: ElementType = {
  half: 'f16',
  load: (x) => `bitcast<u32>(f32(${x}))`,
  store: (x) => `f16(bitcast<f32>(${x}))`,
};
const vec4u: ElementType = {
  half: 'vec4<f16>',
  load: (x) => `bitcast<vec4u>(vec4f(${x}))`,
  store: (x) => `vec4<f16>(bitcast<vec4f>(${x}))`,
};
const TYPES: Readonly<Record<string, ElementType>> = {
  ...{ f32, u32, vec4f, vec4u },
  ...{ 'vec4<f32>': vec4f, 'vec4<u32>': vec4u },
};

function rewriteBinding(code: string, label: string, binding: number, storage: 'even' | 'odd'): string {
  const refuse = (what: string): never => {
    throw new DeviceError(`webgpu: kernel '${label}' ${what}, so that it cannot be float16 (see OpDefinition.half)`);
  };
  const declared = new RegExp(`(@binding\\(${binding}\\) var<storage, \\w+> (\\w+): array<)(\\S+)>;`).exec(code);
  const written = declared?.[3] ?? '';
  const alias = new RegExp(`alias ${written} ?= ?(\\w+);`).exec(code)?.[1];
  const type = TYPES[alias ?? written];
  if (!declared || !type) return refuse(`declares binding ${binding} as no array of floats`);
  const [declaration, head, name] = declared;
  const body = code.replace(declaration, '\0');
  if (new RegExp(`(?<!arrayLength)[(,=]\\s*&${name}\\b`).test(body)) refuse(`takes a pointer to '${name}'`);
  if (new RegExp(`\\b(let|var|const) ${name}\\s*[:=]\\s*(array|vec)`).test(body)) {
    refuse(`has another array or vector '${name}'`);
  }
  const length = storage === 'odd' ? `(arrayLength(&${name}) - 1u)` : `arrayLength(&${name})`;
  return rewriteAccesses(body, name, type, refuse)
    .replaceAll(`arrayLength(&${name})`, length)
    .replace('\0', `${head}${type.half}>;`);
}

/** Widens every `name[...]` that is read and rounds what is assigned to one; indices may hold further accesses. */
function rewriteAccesses(code: string, name: string, type: ElementType, refuse: (what: string) => never): string {
  const within = (part: string) => rewriteAccesses(part, name, type, refuse);
  const access = new RegExp(`//[^\\n]*|(?<![.\\w])${name}\\[`, 'g');
  let out = '';
  let at = 0;
  for (let found = access.exec(code); found; found = access.exec(code)) {
    const begin = found.index;
    if (found[0].startsWith('//')) continue;
    const open = access.lastIndex;
    const close = closingBracket(code, open);
    const place = `${name}[${within(code.slice(open, close))}]`;
    const change = /^(\.\w+|\[[^\]]*\])?\s*([-+*/%|&^]?=(?!=)|<<=|>>=|\+\+|--)\s*/.exec(code.slice(close + 1));
    out += code.slice(at, begin);
    at = close + 1;
    if (!change) out += type.load(place);
    else if (change[1] === undefined && change[2] === '=') {
      const from = at + change[0].length;
      at = code.indexOf(';', from);
      out += `${place} = ${type.store(within(code.slice(from, at)))}`;
    } else refuse(`changes an element of '${name}' in place`);
    access.lastIndex = at;
  }
  return out + code.slice(at);
}

/** Where the bracket closes that was opened before `from`. */
function closingBracket(code: string, from: number): number {
  let depth = 1;
  for (let i = from; ; i++) {
    if (code[i] === '[') depth++;
    else if (code[i] === ']' && --depth === 0) return i;
  }
}
