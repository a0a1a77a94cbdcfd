/** A text with one character per byte. `TextDecoder` is no help: under the name latin1 it reads Windows' characters. */
export function latin1(bytes: Iterable<number>): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
