// Runs in Deno, Bun or Node: every op on every sample, values and gradients, on the adapter that this runtime finds, against the
// float64 reference. Prints one line for each failure and a summary; the exit code is 1 if a sample failed.
import { parseArgs } from 'node:util';
import { webgpu } from '../../src/tensor/webgpu.js';
import { checkOnDevice, halfSamples, samplesFor } from '../../src/testing/checkSample.js';
import { allCases } from '../../src/testing/registry.js';

const SEED = 1;
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    part: { type: 'string', default: '1/1' }, // the ops of this process: every so manieth
    half: { type: 'boolean', default: false },
    assume: { type: 'string', default: '{}' },
  },
});

async function checkAll(): Promise<number> {
  const open = () => webgpu({ assume: JSON.parse(values.assume), quiet: true });
  let device = await open();
  const { tier, vendor, architecture, subgroupSize, float16, timestamps } = device.capabilities;
  console.log(device.description, JSON.stringify({ tier, vendor, architecture, subgroupSize, float16, timestamps }));
  const start = performance.now();
  const ops = new Set<string>();
  let passed = 0;
  let failed = 0;
  let elements = 0;
  const [part, parts] = values.part.split('/').map(Number);
  const chosen = allCases.filter(({ op }) => op.def.name.includes(values.only));
  for (const cases of chosen.filter((_, n) => n % parts === part - 1)) {
    const { name } = cases.op.def;
    for (const sample of values.half ? halfSamples(cases) : samplesFor(cases, device)) {
      ops.add(name);
      try {
        elements += (await checkOnDevice(cases, sample, device, SEED)).elements;
        passed++;
      } catch (error) {
        failed++;
        const { message } = error as Error;
        console.log(`failed: ${message.split('\n').slice(0, 4).join(' ')}`);
        if (/\blost\b/.test(message)) device = await open();
      }
    }
  }
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`${passed} samples of ${ops.size} ops passed, ${failed} failed; ${elements} elements in ${seconds} s`);
  if (chosen.length === 0) console.log(`no op's name contains '${values.only}'`);
  return failed > 0 || chosen.length === 0 ? 1 : 0;
}

process.exit(await checkAll());
