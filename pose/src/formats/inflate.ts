/**
 * The bytes that compressed ones stand for, in zlib's form or bare, as ZIP files have them. Node and browsers have both as
 * streams.
 * @param room how many bytes they may become; reading stops there
 * @returns undefined where they become more
 * @throws TypeError where they are damaged
 */
export async function inflate(
  packed: Uint8Array,
  form: 'deflate' | 'deflate-raw',
  room: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  // A stream takes what it is given, so it gets a copy.
  const reader = new Blob([packed.slice()]).stream().pipeThrough(new DecompressionStream(form)).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      length += read.value.length;
      if (length > room) return undefined;
      chunks.push(read.value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
