/** A text of as many characters as bytes; `TextDecoder` reads Windows' characters under this name. */
export function latin1(bytes: Iterable<number>): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
