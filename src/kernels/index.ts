/** Every op, by file; `cases.ts` lists their cases in the same order. */
export { broadcastTo } from './broadcastTo.js';
export { permute } from './permute.js';
export { sum } from './reduce.js';
export { expandDims, reshape, squeeze } from './reshape.js';
