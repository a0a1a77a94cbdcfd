import { addHalves, HALVES_OF_SCALE, packHalves, unpackHalves } from 'wgrad/ranks';
import type { Calls } from './calls.js';

/**
 * The sum over the ranks in place of each element, which travels as half a float32. MPI adds no halves, so each rank gets
 * its part of the elements from all others, adds them in float64 in the order of the ranks, and sends the sums to all. As
 * many bytes travel as in a reduction of halves, and all ranks have the same bits.
 * @returns the bytes that this rank handed to MPI
 */
export async function sumAsHalves(calls: Calls, array: Float32Array | Float64Array): Promise<number> {
  const { size } = calls;
  const part = Math.ceil(array.length / size);
  // Whole words, where the scales stand.
  const block = HALVES_OF_SCALE + part + (part % 2);
  const partOf = (rank: number) => array.subarray(rank * part, (rank + 1) * part);
  const blockOf = (blocks: Uint16Array, rank: number) => blocks.subarray(rank * block, (rank + 1) * block);
  const [sent, received] = [new Uint16Array(size * block), new Uint16Array(size * block)];
  for (let rank = 0; rank < size; rank++) packHalves(partOf(rank), blockOf(sent, rank));
  await calls.allToAll(bytesOf(sent), bytesOf(received));
  const sums = new Float64Array(partOf(calls.rank).length);
  for (let rank = 0; rank < size; rank++) addHalves(blockOf(received, rank), sums);
  const own = blockOf(sent, 0);
  packHalves(sums, own);
  await calls.allGather(bytesOf(own), bytesOf(received));
  for (let rank = 0; rank < size; rank++) unpackHalves(blockOf(received, rank), partOf(rank));
  return sent.byteLength;
}

const bytesOf = (halves: Uint16Array): Uint8Array =>
  new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength);
