import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAmdListing } from './amdListing.js';
import { readIntelListing } from './intelListing.js';
import { estimatedFma, type HotLoop, hotLoop } from './listing.js';
import type { Collected, CompiledKernel } from './recorder.js';
import type { Target } from './targets.js';

/** What became of a kernel. */
export interface KernelRow {
  readonly kernel: string;
  /** Ops that dispatch it, or the file that it is from. */
  readonly ops: readonly string[];
  /** Dispatches in one training step; absent where none was compiled or none uses it. */
  readonly perStep?: number;
  /** Lanes that work together: a wave, a subgroup, SIMD8 to SIMD32. */
  readonly subgroup: number;
  /** Vector registers of a lane (AMD), or of a thread the most that are alive at once (Intel). */
  readonly registers: number;
  /** Registers written to memory: vector registers (AMD), instructions that do so (Intel). */
  readonly spills: number;
  /** Scalar registers that moved to vector registers (AMD), instructions that read spilled registers (Intel). */
  readonly fills: number;
  /** Bytes of private memory: of a wave (AMD), of a thread (Intel). */
  readonly scratch: number;
  /** Bytes of workgroup memory. */
  readonly shared: number;
  /** Waves per SIMD that registers and workgroup memory admit (AMD). */
  readonly waves?: number;
  /** Bytes of code. */
  readonly code: number;
  readonly hot?: HotLoop;
  /** The compiler's estimate of cycles by multiply-adds of a lane, loops taken to run ten times (Intel); of a loop that has any. */
  readonly cyclesPerFma?: number;
  readonly compileMs: number;
  /** Number of its files in the folder of the run. */
  readonly id: number;
}

/** The rows of a run, by the name of the kernel. */
export function readRows(folder: string, target: Target, { kernels }: Collected): KernelRow[] {
  const seen = new Map<string, number>();
  const rows = kernels.map((kernel) => {
    const nth = (seen.get(kernel.label) ?? 0) + 1;
    seen.set(kernel.label, nth);
    return rowOf(folder, target, kernel, nth > 1 ? `${kernel.label} #${nth}` : kernel.label);
  });
  return rows.sort((a, b) => (a.kernel < b.kernel ? -1 : 1));
}

function rowOf(folder: string, { vendor }: Target, { id, uses, compileMs }: CompiledKernel, kernel: string): KernelRow {
  const read = (suffix: string) => {
    const path = join(folder, `${id}.${suffix}`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const said = new Map(
    read('stats')
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  );
  const number = (name: string) => Number(said.get(name) ?? 0);
  const ops = [...new Set(Object.keys(uses).map((use) => use.split(', ')[0]))].filter((op) => op !== 'step');
  const who = { kernel: kernel.trim(), ops, ...(uses.step && { perStep: uses.step }), compileMs, id };
  if (vendor === 'amd') {
    return {
      ...who,
      ...{ subgroup: number('subgroup'), registers: number('VGPRs'), spills: number('Spilled VGPRs') },
      ...{ fills: number('Spilled SGPRs'), scratch: number('Scratch size'), shared: number('LDS size') },
      ...{ waves: number('Subgroups per SIMD'), code: number('Code size'), hot: hotLoop(readAmdListing(read('asm'))) },
    };
  }
  const listing = readIntelListing(read('asm'));
  const hot = hotLoop(listing);
  return {
    ...who,
    ...{ subgroup: number('subgroup'), registers: number('Max live registers'), spills: number('Spill Count') },
    ...{ fills: number('Fill Count'), scratch: number('Scratch Memory Size'), shared: number('Workgroup Memory Size') },
    ...{ code: listing.bytes ?? 0, hot },
    ...(hot?.counts.fma && { cyclesPerFma: Math.round((10 * number('Cycle Count')) / estimatedFma(listing)) / 10 }),
  };
}
