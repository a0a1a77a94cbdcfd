import { open } from 'node:fs/promises';

/** At most so many bytes of a file, from byte `at` on. @throws what the file system does */
export async function readPiece(path: string, length: number, at = 0): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
