/** Every op, by file; `cases.ts` lists their cases in the same order. */
export { avgPool2d, avgPool2dGrad } from './avgPool2d.js';
export { broadcastTo } from './broadcastTo.js';
export { concat, stack } from './concat.js';
export { conv2d } from './conv2d.js';
export { conv2dInput } from './conv2dInput.js';
export { conv2dWeight } from './conv2dWeight.js';
export { argMax, max, min } from './extremum.js';
export { full } from './fill.js';
export { flip } from './flip.js';
export { globalAveragePool } from './globalAveragePool.js';
export { maxPool2d, maxPool2dGather, maxPool2dGrad } from './maxPool2d.js';
export { pad } from './pad.js';
export { permute } from './permute.js';
export { pick, place } from './pick.js';
export { mean, sum } from './reduce.js';
export { expandDims, reshape, squeeze } from './reshape.js';
export { slice } from './slice.js';
