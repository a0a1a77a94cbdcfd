/**
 * A function or class that a pickle may name, as wgrad understands it. `call` does what calling it would do; without
 * `call` it is only a name, such as a dtype.
 */
export class PickleGlobal {
  readonly name: string;
  readonly call?: (args: readonly unknown[]) => unknown;

  constructor(name: string, call?: (args: readonly unknown[]) => unknown) {
    this.name = name;
    this.call = call;
  }
}

/** An object that is kept as its class, arguments and attributes, without looking into them. */
export class Inert {
  readonly of: string;
  readonly args: readonly unknown[];
  attributes: unknown = null;

  constructor(of: string, args: readonly unknown[]) {
    this.of = of;
    this.args = args;
  }
}

/** A global whose calls and objects stay inert. */
export const inert = (name: string): PickleGlobal => new PickleGlobal(name, (args) => new Inert(name, args));

/** A global was called with arguments that it does not take. */
export class ArgumentError extends Error {}

/** The kind of a pickle's value, for a message. */
export function kindOf(value: unknown): string {
  if (value === null) return 'None';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'a dict';
  if (value instanceof Inert) return value.of;
  if (value instanceof PickleGlobal) return value.name;
  return typeof value === 'object' ? `a ${value.constructor.name}` : `a ${typeof value}`;
}
