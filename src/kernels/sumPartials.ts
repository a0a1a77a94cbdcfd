import { type Bindable, type Launch, program } from '../tensor/backend.js';
import { grid } from '../tensor/grid.js';
import type { Tensor } from '../tensor/tensor.js';
import sumPartialsWgsl from './wgsl/sumPartials.wgsl.js';

/** The second stage of a sum that was split over workgroups: `y = sum_s partial[s]`, in the order of `s`. */
export function sumPartials(partial: Bindable, y: Tensor, splits: number): Launch {
  const vec = y.size % 4 === 0;
  return {
    program: program(`sumPartials${vec ? ' vec' : ''}`, () => sumPartialsWgsl({ vec })),
    read: [partial],
    write: [y],
    params: [splits],
    grid: grid(vec ? y.size / 4 : y.size),
  };
}
