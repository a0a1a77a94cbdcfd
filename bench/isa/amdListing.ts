import type { Instruction, Kind, Listing } from './listing.js';

/** Multiplications of 32-bit integers, which take four slots of the vector unit. */
const QUARTER_RATE = /^v_(mul_lo|mul_hi|mad_u64|mad_i64)/;

/** By the mnemonic, `v_dual_` taken as `v_`; the first that fits. */
const KIND_OF: readonly (readonly [RegExp, Kind])[] = [
  [/^v_(pk_)?(fma|fmac|mac|mad|fmaak|fmamk)(_legacy)?_f(32|16)/, 'fma'],
  [/^v_(fma_mix|dot|wmma|mfma)/, 'fma'],
  [/^ds_/, 'shared'],
  [/^scratch_/, 'scratch'],
  [/^(buffer|global|flat|tbuffer)_(load|store|atomic)/, 'memory'],
  [/^s_(load|buffer_load)/, 'memory'],
  [/^s_(waitcnt|wait_|barrier)/, 'wait'],
  [/^s_(delay_alu|nop|clause|code_end|inst_prefetch|set_inst|sleep)/, 'hint'],
  [/^s_(cbranch|branch|endpgm|setpc)/, 'branch'],
  [/^v_(add|sub|subrev|mul|max|min|max_num|min_num|maximum|minimum)_f|^v_pk_/, 'float'],
  [/^v_(exp|log|rcp|rsq|sqrt|sin|cos|ldexp|cvt|trunc|floor|rndne|ceil|fract|div_|frexp)/, 'float'],
  [/^v_(mov|readlane|readfirstlane|writelane|accvgpr|swap|permlane)/, 'mov'],
  [/^v_/, 'int'],
  [/./, 'scalar'],
];

/** An instruction of LLVM's disassembly, or of ACO's own listing, which names what it defines first. */
const LINE = /^\s+(?:[a-z]+\d+\w*: [^=]*= )?([a-z][a-z0-9_]+)\s*(.*?)\s*(?:;.*)?$/;

function instructionOf(mnemonic: string, issues: 0 | 1): Instruction {
  const name = mnemonic.replace('v_dual_', 'v_');
  const kind = KIND_OF.find(([pattern]) => pattern.test(name))?.[1] ?? 'scalar';
  const onVector = kind === 'fma' || kind === 'float' || kind === 'int' || kind === 'mov';
  const slots = onVector ? (QUARTER_RATE.test(name) ? 4 : 1) : 0;
  return { kind, slots, issues: kind === 'hint' ? 0 : issues };
}

/** The listing of RADV's compiler: blocks `BB0:`, and loops where a branch goes to a block above it. */
export function readAmdListing(text: string): Listing {
  const instructions: Instruction[] = [];
  const startOf = new Map<string, number>();
  const ends = new Map<number, number>();
  for (const line of text.split('\n')) {
    const label = /^BB(\d+):?/.exec(line)?.[1];
    const again = /^\s+\(then repeated (\d+) times\)/.exec(line)?.[1];
    if (label) startOf.set(label, instructions.length);
    else if (startOf.size === 0) continue;
    else if (again) for (let i = Number(again); i > 0; i--) instructions.push(instructions[instructions.length - 1]);
    else readLine(line);
  }
  return { instructions, loops: [...ends] };

  function readLine(line: string): void {
    const [, mnemonic, operands] = LINE.exec(line) ?? [];
    if (!mnemonic) return;
    instructions.push(instructionOf(mnemonic, 1));
    const second = mnemonic.startsWith('v_dual_') && /::\s*(v_dual_\w+)/.exec(operands)?.[1];
    if (second) instructions.push(instructionOf(second, 0));
    const to = /^s_c?branch/.test(mnemonic) ? /\bBB(\d+)/.exec(operands)?.[1] : undefined;
    const head = to === undefined ? undefined : startOf.get(to);
    if (head !== undefined) ends.set(head, instructions.length - 1); // of several ways back the last one counts
  }
}
