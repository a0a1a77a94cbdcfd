/** The errors that wgrad throws on purpose. Each message says what rule was broken, with the numbers, and then the fix. */

/** Shapes, dtypes or attributes that an op does not accept. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** The device is missing, lost, out of memory, or reported an error. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

/** A tensor was used after its memory went back to the pool. */
export class DisposedError extends Error {
  override readonly name = 'DisposedError';
}

/** An analytic derivative disagrees with the numeric one, or a kernel with its reference. */
export class GradcheckError extends Error {
  override readonly name = 'GradcheckError';
}

/**
 * A file, label, option or other input from outside is not what it should be. The message is one line: what it quotes of
 * the input is made `printable`, and a very long message is cut in its middle.
 */
export class DataError extends Error {
  override readonly name = 'DataError';

  constructor(message: string, options?: ErrorOptions) {
    super(printable(message.length > LONGEST ? cut(message) : message), options);
  }
}

/** Messages quote names from files, which may be as long as a file. */
const LONGEST = 4000;

function cut(message: string): string {
  return `${message.slice(0, LONGEST / 2)} ... ${message.slice(-LONGEST / 2)}`;
}

/**
 * A text from outside as a terminal may show it: control characters, line breaks and marks of writing direction are
 * written as escapes of JSON, `\\u001b`, so that a name in a file can neither move the cursor nor hide a part of the line.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
