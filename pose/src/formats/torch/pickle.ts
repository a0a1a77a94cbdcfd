import { PickleReader } from './pickleReader.js';
import { ArgumentError, Inert, kindOf, PickleGlobal } from './pickleValues.js';

/** What a pickle refers to outside itself. */
export interface PickleHost {
  /** What a pickle names, by `module.name`; what the host does not know should stay inert. */
  readonly global: (name: string) => PickleGlobal;
  /** The object that a persistent id stands for. @throws DataError where it stands for none */
  readonly persistent: (id: unknown) => unknown;
}

/**
 * Reads one pickle without running anything of it: the opcodes build numbers, texts, `Uint8Array`, arrays (lists and
 * tuples), maps, sets, and what the host's globals make of their arguments. Protocols 2 to 5. There is no recursion, and
 * the values may take 256 bytes of memory for each byte of the file, and half a gigabyte in all.
 * @returns the value, which may hold itself, and the byte behind the pickle
 * @throws DataError for an opcode that wgrad does not read, for values that take more memory, and for damage
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  host: PickleHost,
  where: string,
): { value: unknown; end: number } {
  const machine = new Machine(new PickleReader(bytes, start, where), host, MEMORY_PER_BYTE * bytes.length);
  const value = machine.run();
  return { value, end: machine.read.at };
}

/** Empty dicts take the most memory for their one byte; copies of what the memo holds could take any amount. */
const MEMORY_PER_BYTE = 256;
/** The largest public checkpoints need a hundredth. */
const MOST_MEMORY = 2 ** 29;
/** About what values take in memory: a list or tuple, a dict or set, and an item of one or of the memo. */
const LIST = 64;
const DICT = 256;
const ITEM = 48;

class Machine {
  readonly read: PickleReader;
  readonly #host: PickleHost;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  // A map, because a file may number its memo entries in any way.
  readonly #memo = new Map<number, unknown>();
  readonly #room: number;
  #taken = 0;

  constructor(read: PickleReader, host: PickleHost, room: number) {
    this.read = read;
    this.#host = host;
    this.#room = Math.min(room, MOST_MEMORY);
  }

  run(): unknown {
    for (;;) {
      const opcode = this.read.u8();
      if (opcode === STOP) return this.pop();
      const step = STEPS.get(opcode);
      if (!step) throw this.read.fault(`opcode 0x${opcode.toString(16)} is not read: not a pickle of protocol 2 to 5`);
      step(this);
    }
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pushList(list: unknown[]): void {
    this.#take(LIST);
    this.push(list);
  }

  pushDict(dict: Map<unknown, unknown> | Set<unknown>): void {
    this.#take(DICT + ITEM * dict.size);
    this.push(dict);
  }

  #take(memory: number): void {
    this.#taken += memory;
    if (this.#taken > this.#room) {
      throw this.read.fault(
        `the values up to here take more than ${this.#room} bytes of memory: not a file of weights`,
      );
    }
  }

  pop(): unknown {
    this.#needValue();
    return this.#stack.pop();
  }

  top(): unknown {
    this.#needValue();
    return this.#stack[this.#stack.length - 1];
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Takes the values above the last mark, and the mark. */
  popMark(): unknown[] {
    const start = this.#marks.pop();
    if (start === undefined) throw this.read.fault('a mark is missing: damaged file');
    return this.#stack.splice(start);
  }

  /** Takes the last `count` values and puts them back as one. */
  tuple(count: number): void {
    const items = Array.from({ length: count }, () => this.pop());
    this.pushList(items.reverse());
  }

  remember(key = this.#memo.size): void {
    this.#take(ITEM);
    this.#memo.set(key, this.top());
  }

  recall(key: number): void {
    if (!this.#memo.has(key)) throw this.read.fault(`memo ${key} was never stored: damaged file`);
    this.push(this.#memo.get(key));
  }

  append(items: readonly unknown[]): void {
    const list = this.top();
    if (list instanceof Inert) return;
    if (!Array.isArray(list)) throw this.read.fault(`items are appended to ${kindOf(list)}, not to a list`);
    for (const item of items) list.push(item);
  }

  addToSet(items: readonly unknown[]): void {
    const set = this.top();
    if (set instanceof Inert) return;
    if (!(set instanceof Set)) throw this.read.fault(`items are added to ${kindOf(set)}, not to a set`);
    this.#take(ITEM * items.length);
    for (const item of items) set.add(item);
  }

  setItems(pairs: readonly unknown[]): void {
    const dict = this.top();
    if (dict instanceof Inert) return;
    if (!(dict instanceof Map)) throw this.read.fault(`items are set in ${kindOf(dict)}, not in a dict`);
    if (pairs.length % 2 !== 0) throw this.read.fault('a key of a dict has no value: damaged file');
    this.#take((ITEM * pairs.length) / 2);
    for (let i = 0; i < pairs.length; i += 2) dict.set(pairs[i], pairs[i + 1]);
  }

  global(module: unknown, name: unknown): void {
    // Anything else would have to be written out, which a list within lists may make endless.
    if (typeof module !== 'string' || typeof name !== 'string' || module.length + name.length > LONGEST_NAME) {
      throw this.read.fault(`a global is named by ${kindOf(module)} and ${kindOf(name)}, expected two short texts`);
    }
    this.push(this.#host.global(`${module}.${name}`));
  }

  call(): void {
    const args = this.pop();
    const callable = this.pop();
    // What an unknown callable returned, such as a method, stays as inert as it is.
    if (callable instanceof Inert && Array.isArray(args)) {
      this.push(new Inert(callable.of, args));
      return;
    }
    if (!(callable instanceof PickleGlobal) || !callable.call || !Array.isArray(args)) {
      throw this.read.fault(`${kindOf(callable)} is called with ${kindOf(args)}, expected a callable and a tuple`);
    }
    try {
      // Only what is made of a list or a dict takes more than the call.
      const [first] = args;
      const items = Array.isArray(first) ? first.length : first instanceof Map ? first.size : 0;
      this.#take(DICT + ITEM * items);
      this.push(callable.call(args));
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      throw this.read.fault(`${callable.name}: ${error.message}`);
    }
  }

  build(): void {
    const attributes = this.pop();
    const object = this.top();
    if (object instanceof Inert) object.attributes = attributes;
    // Attributes of a dict, such as the `_metadata` of a state dict, say nothing about its items.
    else if (!(object instanceof Map)) throw this.read.fault(`attributes are given to ${kindOf(object)}`);
  }

  persistent(): void {
    this.push(this.#host.persistent(this.pop()));
  }

  #needValue(): void {
    const floor = this.#marks[this.#marks.length - 1] ?? 0;
    if (this.#stack.length <= floor) throw this.read.fault('a value is missing: damaged file');
  }
}

const STOP = 0x2e;
const LONGEST_NAME = 1000;

/**
 * What each opcode does, with its name in Python's pickletools. Opcodes that only protocols 0 and 1 have are left out.
 */
const STEPS: ReadonlyMap<number, (m: Machine) => void> = new Map<number, (m: Machine) => void>([
  [0x80, (m) => void m.read.u8()], // PROTO
  [0x95, (m) => void m.read.u64()], // FRAME: a hint for readers of streams
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP

  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.read.i32())], // BININT
  [0x4b, (m) => m.push(m.read.u8())], // BININT1
  [0x4d, (m) => m.push(m.read.u16())], // BININT2
  [0x8a, (m) => m.push(m.read.integer(m.read.u8()))], // LONG1
  [0x8b, (m) => m.push(m.read.integer(m.read.u32()))], // LONG4
  [0x47, (m) => m.push(m.read.f64())], // BINFLOAT

  [0x54, (m) => m.push(m.read.latin1(m.read.u32()))], // BINSTRING, a text of Python 2
  [0x55, (m) => m.push(m.read.latin1(m.read.u8()))], // SHORT_BINSTRING
  [0x58, (m) => m.push(m.read.utf8(m.read.u32()))], // BINUNICODE
  [0x8c, (m) => m.push(m.read.utf8(m.read.u8()))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.read.utf8(m.read.u64()))], // BINUNICODE8
  [0x42, (m) => m.push(m.read.bytes(m.read.u32()))], // BINBYTES
  [0x43, (m) => m.push(m.read.bytes(m.read.u8()))], // SHORT_BINBYTES
  [0x8e, (m) => m.push(m.read.bytes(m.read.u64()))], // BINBYTES8
  [0x96, (m) => m.push(m.read.bytes(m.read.u64()))], // BYTEARRAY8

  [0x29, (m) => m.pushList([])], // EMPTY_TUPLE
  [0x85, (m) => m.tuple(1)], // TUPLE1
  [0x86, (m) => m.tuple(2)], // TUPLE2
  [0x87, (m) => m.tuple(3)], // TUPLE3
  [0x74, (m) => m.pushList(m.popMark())], // TUPLE
  [0x5d, (m) => m.pushList([])], // EMPTY_LIST
  [0x6c, (m) => m.pushList(m.popMark())], // LIST
  [0x61, (m) => appendOne(m)], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x7d, (m) => m.pushDict(new Map())], // EMPTY_DICT
  [0x73, (m) => setOne(m)], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS
  [0x8f, (m) => m.pushDict(new Set())], // EMPTY_SET
  [0x90, (m) => m.addToSet(m.popMark())], // ADDITEMS
  [0x91, (m) => m.pushDict(new Set(m.popMark()))], // FROZENSET

  [0x71, (m) => m.remember(m.read.u8())], // BINPUT
  [0x72, (m) => m.remember(m.read.u32())], // LONG_BINPUT
  [0x94, (m) => m.remember()], // MEMOIZE
  [0x68, (m) => m.recall(m.read.u8())], // BINGET
  [0x6a, (m) => m.recall(m.read.u32())], // LONG_BINGET

  [0x63, (m) => m.global(m.read.line(), m.read.line())], // GLOBAL
  [0x93, (m) => stackGlobal(m)], // STACK_GLOBAL
  [0x52, (m) => m.call()], // REDUCE
  [0x81, (m) => m.call()], // NEWOBJ: a class and its arguments, without its __init__
  [0x92, (m) => newWithNames(m)], // NEWOBJ_EX: arguments with names too, which no class that wgrad knows has
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.persistent()], // BINPERSID
]);

function appendOne(m: Machine): void {
  const item = m.pop();
  m.append([item]);
}

function setOne(m: Machine): void {
  const value = m.pop();
  const key = m.pop();
  m.setItems([key, value]);
}

function newWithNames(m: Machine): void {
  m.pop();
  m.call();
}

function stackGlobal(m: Machine): void {
  const name = m.pop();
  m.global(m.pop(), name);
}
