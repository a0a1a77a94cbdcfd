// @ts-check
// The page's half of the browser test: everything here runs on the browser's WebGPU.

import { webgpu } from 'wgrad';
import { allCases, checkOnDevice, samplesFor } from 'wgrad/testing';
import { trainMoons } from './trajectory.js';

const device = await webgpu();

/** Which adapter the browser gave. */
export const adapter = { description: device.description, ...device.capabilities };

/** @param {Parameters<typeof trainMoons>[1]} plan */
export const train = (plan) => trainMoons(device, plan);

export const opNames = allCases.map(({ op }) => op.def.name);

/**
 * Checks the kernels of an op, values and gradients, against the float64 reference, which runs in the page as well. What wants
 * float16 is left out where the browser has none.
 * @param {string} name
 * @param {number} seed
 * @returns {Promise<string | null>} what is wrong, or null
 */
export async function checkOp(name, seed) {
  const cases = allCases.find(({ op }) => op.def.name === name);
  if (!cases) return `no op is called ${name}`;
  try {
    for (const sample of samplesFor(cases, device)) await checkOnDevice(cases, sample, device, seed);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
