// `tsx lab/scripts/siteNetwork.ts RUN/best.safetensors`: makes the network that the room Pose comes with from a checkpoint of
// `wgrad-pose train`. It keeps what predicts, without the memory of the optimiser and the history, and halves the numbers to float16.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { float16Bits, OPTIMIZER, parseSafetensors } from 'wgrad/io';

const TARGET = join(import.meta.dirname, '../src/pose/figures.safetensors');

function halved(bytes: Uint8Array, path: string): Uint8Array {
  const { tensors, metadata } = parseSafetensors(bytes, path);
  const header: Record<string, unknown> = { __metadata__: withoutHistory(metadata) };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data, dtype }] of tensors) {
    if (name.startsWith(OPTIMIZER)) continue;
    const isFloat = dtype === 'F32';
    const stored = isFloat ? Uint16Array.from(data as Float32Array, float16Bits) : data;
    header[name] = { dtype: isFloat ? 'F16' : dtype, shape, data_offsets: [offset, offset + stored.byteLength] };
    parts.push(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    offset += stored.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(8 * Math.ceil(text.length / 8)).fill(' '.charCodeAt(0));
  padded.set(text);
  const length = new Uint8Array(new BigUint64Array([BigInt(padded.length)]).buffer);
  return Buffer.concat([length, padded, ...parts]);
}

/** The configuration, padding and joints, which say how the network sees and what it answers. */
function withoutHistory(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const { config, padding, schema } = JSON.parse(metadata.config);
  return { ...metadata, config: JSON.stringify({ config, padding, schema }) };
}

const [path] = process.argv.slice(2);
const bytes = halved(readFileSync(path), path);
writeFileSync(TARGET, bytes);
process.stdout.write(`${TARGET}: ${bytes.length} bytes\n`);
