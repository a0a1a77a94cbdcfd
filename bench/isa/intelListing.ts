import type { Instruction, Kind, Listing } from './listing.js';

const BRANCHES = /^(if|else|endif|while|break|cont|halt|jmpi|brd|brc|goto|join|call|ret)$/;
const FLOATS = /^(F|HF|BF|DF)$/;
/** `(+f0.0) mad.sat(16)  g2<1>F ...`: predicate, mnemonic, lanes, destination. */
const LINE = /^(?:\([^)]*\)\s*)?([a-z][a-z0-9_.]*)(?:\s+[a-z]+)?\(\d+\)\s*(\S*)/;

function kindOf(mnemonic: string, type: string): Kind {
  const [name] = mnemonic.split('.');
  if (BRANCHES.test(name)) return 'branch';
  if (/^(sync|nop|wait)$/.test(name)) return 'wait';
  if (name.startsWith('send')) return 'memory';
  if (name === 'mov') return 'mov';
  const isFloat = FLOATS.test(type);
  if (/^(dpas|dp4a)$/.test(name) || (/^(mad|madm|mac)$/.test(name) && isFloat)) return 'fma';
  return isFloat || name === 'math' ? 'float' : 'int';
}

/** The listing of ANV's compiler: a loop ends at a `while`, which names the label of its start. */
export function readIntelListing(text: string): Listing {
  const instructions: Instruction[] = [];
  const startOf = new Map<string, number>();
  const loops: [number, number][] = [];
  let bytes = 0;
  for (const line of text.split('\n')) {
    const label = /^LABEL(\d+):/.exec(line)?.[1];
    if (label) startOf.set(label, instructions.length);
    const [, mnemonic, destination] = (!label && LINE.exec(line)) || [];
    if (/\{ .*\};?\s*$/.test(line)) bytes += /\bcompacted\b/.test(line) ? 8 : 16;
    if (!mnemonic) continue;
    const kind = kindOf(mnemonic, /[A-Z]*$/.exec(destination)?.[0] ?? '');
    const slots = kind === 'fma' || kind === 'float' || kind === 'int' || kind === 'mov' ? 1 : 0;
    instructions.push({ kind, slots, issues: 1 });
    const back = mnemonic === 'while' ? /JIP:\s*LABEL(\d+)/.exec(line)?.[1] : undefined;
    const start = back && startOf.get(back);
    if (typeof start === 'number') loops.push([start, instructions.length - 1]);
  }
  return { instructions, loops, bytes };
}
