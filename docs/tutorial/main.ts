import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../src/io/node/atomicFile.js';
import { cpu } from '../../src/tensor/cpu.js';
import type { Device } from '../../src/tensor/tensor.js';
import { gauge } from './gauge.js';
import { likelihoods } from './likelihoods.js';
import { moons } from './moons.js';
import { residual } from './residual.js';

/** The figures of tutorial.md; a file is named after its entry. */
const FIGURES: Readonly<Record<string, (device: Device) => Promise<string>>> = { likelihoods, moons, gauge, residual };

// `npm run tutorial [FIGURE...]`: on the float64 reference, so that no adapter changes a figure.
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in FIGURES));
if (unknown) {
  process.stderr.write(`tutorial: no figure is called '${unknown}'; there are ${Object.keys(FIGURES).join(', ')}\n`);
  process.exitCode = 1;
} else {
  const device = cpu();
  for (const name of asked.length > 0 ? asked : Object.keys(FIGURES)) {
    const file = join(fileURLToPath(new URL('.', import.meta.url)), `${name}.svg`);
    const start = performance.now();
    await writeFileAtomic(file, await FIGURES[name](device));
    process.stdout.write(`${name}.svg, ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  }
}
