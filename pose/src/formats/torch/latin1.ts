/** A text with one character per byte. `TextDecoder` is no help: under the name latin1 it reads Windows' characters. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  // Character by character, the text would be a chain of as many objects.
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return text;
}

const CHUNK = 8192;
