import { DataError } from 'wgrad';
import { latin1 } from './latin1.js';

/** Reads the bytes of a pickle; every read is checked against their end. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;
  /** The next byte to read. */
  at: number;

  /** @param where the name of the source in errors */
  constructor(bytes: Uint8Array, start: number, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
    this.at = start;
  }

  /** The error of a pickle that is damaged just before the next byte. */
  fault(what: string): DataError {
    return new DataError(`${this.#where}: pickle, byte ${this.at}: ${what}`);
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** A length of eight bytes; if it exceeds 2^53, it exceeds the file too. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  /** Floats are the only big-endian numbers of the format. */
  f64(): number {
    return this.#view.getFloat64(this.#skip(8));
  }

  bytes(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  utf8(length: number): string {
    const bytes = this.bytes(length);
    try {
      return UTF8.decode(bytes);
    } catch {
      throw this.fault(`a text of ${length} bytes is not UTF-8: damaged file`);
    }
  }

  latin1(length: number): string {
    return latin1(this.bytes(length));
  }

  /** A text up to the end of the line; protocols before 4 write module and name of a global like this. */
  line(): string {
    const end = this.#bytes.indexOf(NEWLINE, this.at);
    const text = this.utf8((end < 0 ? this.#bytes.length + 1 : end) - this.at);
    this.at++;
    return text;
  }

  /** Two's complement, least byte first, of any length. */
  integer(length: number): number | bigint {
    if (length > LONGEST_INTEGER)
      throw this.fault(`an integer of ${length} bytes, expected at most ${LONGEST_INTEGER}`);
    const bytes = this.bytes(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  #skip(length: number): number {
    const start = this.at;
    if (length > this.#bytes.length - start) {
      throw this.fault(`${length} bytes expected, ${this.#bytes.length - start} are left: damaged file, or cut short`);
    }
    this.at += length;
    return start;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NEWLINE = 0x0a;
/** Random seeds are far shorter; reading a longer integer would take quadratic time. */
const LONGEST_INTEGER = 256;
