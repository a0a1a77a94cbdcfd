import { RULE_BLOCK } from '../optimiser/stepStatus.js';

const BLOCK_FOURS = RULE_BLOCK / 4;

/**
 * A thread's share of an arena: `fours` vec4s of one block, whose rule it reads once. `block` is an expression: the block
 * of a `thread`. `each` runs statements for every index `i` of its share; neighbouring threads have neighbouring indices.
 */
export function arenaThread(fours: number): { block: string; each: (body: string) => string } {
  const threads = BLOCK_FOURS / fours;
  return {
    block: `thread / ${threads}u`,
    each: (body) => /* wgsl */ `for (var k = 0u; k < ${fours}u; k++) {
    let i = block * ${BLOCK_FOURS}u + thread % ${threads}u + k * ${threads}u;
    ${body}
  }`,
  };
}
