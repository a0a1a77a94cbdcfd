import { RULE_BLOCK } from '../optimiser/stepStatus.js';

const BLOCK_FOURS = RULE_BLOCK / 4;

/**
 * A thread's share of an arena: `fours` vec4s of one block, whose rule it reads once. `block` is the expression of the
 * block of a `thread`; `each` runs statements on every `i` of its share, neighbours in a block beside each other.
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
