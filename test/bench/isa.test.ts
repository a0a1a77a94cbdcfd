import { expect, test } from 'vitest';
import { compileFor } from '../../bench/isa/run.js';
import { prepareTools, whyNot } from '../../bench/isa/tools.js';

const reason = whyNot('amd');
if (reason !== undefined)
  process.stderr.write(`test/bench/isa: kernels are not held to AMD's compiler here: ${reason}\n`);
const where = reason === undefined ? '' : ` (not checked here: ${reason})`;

test.runIf(reason === undefined)(
  `AMD's compiler needs neither spills nor scratch for a kernel on RDNA 3${where}`,
  () => {
    const tools = prepareTools(new Set(['amd']), () => undefined);
    const work = { bench: true, samples: false, only: '', files: [], step: {} };
    const { rows, failures } = compileFor({ vendor: 'amd', gpu: 'navi31' }, work, tools, undefined, '-test');
    expect(failures).toEqual([]);
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.find(({ kernel }) => kernel.startsWith('matmul'))?.hot?.counts.fma).toBeGreaterThanOrEqual(256);
    expect(rows.filter(({ spills, fills, scratch }) => spills + fills + scratch > 0)).toEqual([]);
  },
);
