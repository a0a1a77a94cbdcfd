/** Every op, by file; `cases.ts` lists their cases in the same order. */
export { broadcastTo } from './broadcastTo.js';
export { concat, stack } from './concat.js';
export { full } from './fill.js';
export { flip } from './flip.js';
export { pad } from './pad.js';
export { permute } from './permute.js';
export { sum } from './reduce.js';
export { expandDims, reshape, squeeze } from './reshape.js';
export { slice } from './slice.js';
