import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { type Capabilities, cpu } from 'wgrad';
import { TRAJECTORY_FLOOR, TRAJECTORY_GAPS } from '../tolerance.js';
import { watch } from './chromium.js';
import { runAll } from './pureEntries.js';
import { bundledEntries, pureInputs } from './pureInputs.js';
import { roundedReference } from './roundedReference.js';
import { trainMoons } from './trajectory.js';

type Check = (page: Page, origin: string) => Promise<void>;
type Trajectory = Awaited<ReturnType<typeof trainMoons>>;

const SEED = 20260101;
/** Between two versions of V8, over all that a value is computed from. */
const ENGINE_GAP = 1e-9;
const PLAN = { seed: SEED, steps: 40, batch: 128, cells: 12 };

/** Opens the test's own page; its modules are loaded by the first `ask`. */
async function open(page: Page, origin: string): Promise<string[]> {
  const faults = watch(page, origin);
  await page.goto(`${origin}/test/browser/page.html`);
  return faults;
}

/** Evaluates an expression in which `suite` is the page's half of the test. */
function ask<T>(page: Page, expression: string): Promise<T> {
  return page.evaluate(`import('/test/browser/page.js').then((suite) => ${expression})`);
}

/**
 * The largest `|got - expected| / (1 + |expected|)`, so far at each place: an error that Adam has made once stays in the
 * parameters, even where two trajectories happen to cross.
 */
function gaps(got: readonly number[], expected: readonly number[]): number[] {
  let most = 0;
  return got.map((x, i) => {
    const gap = Math.abs(x - expected[i]) / (1 + Math.abs(expected[i]));
    most = Math.max(most, gap); // NaN stays, and is more than any limit allows
    return most;
  });
}

/** Equal but for the last digits of numbers, since engines round functions such as the exponential differently. */
function assertAlike(got: unknown, wanted: unknown, where: string): void {
  if (typeof got === 'number' && typeof wanted === 'number') {
    const gap = Math.abs(got - wanted) / (1 + Math.abs(wanted));
    assert.ok(gap < ENGINE_GAP, `${where}: ${got} on the page, expected ${wanted}`);
  } else if (typeof got === 'object' && typeof wanted === 'object' && got && wanted) {
    assert.deepEqual(Object.keys(got).sort(), Object.keys(wanted).sort(), where);
    for (const [key, value] of Object.entries(got)) {
      assertAlike(value, wanted[key as keyof typeof wanted], `${where}.${key}`);
    }
  } else {
    assert.deepEqual(got, wanted, where);
  }
}

function assertFollows(
  what: string,
  got: readonly number[],
  rounded: readonly number[],
  exact: readonly number[],
): void {
  assert.equal(got.length, exact.length);
  const allowed = gaps(rounded, exact).map((gap) => TRAJECTORY_GAPS * gap + TRAJECTORY_FLOOR);
  gaps(got, exact).forEach((gap, i) => {
    assert.ok(
      gap <= allowed[i],
      `${what} ${i}: ${got[i]} on the page, ${exact[i]} in float64; off by ${gap}, allowed ${allowed[i]}`,
    );
  });
}

/** Each runs in a page of its own. */
export const checks: Readonly<Record<string, Check>> = {
  async 'a planted error, a missing file and a request to another machine are noticed'(page, origin) {
    const faults = await open(page, origin);
    await page.evaluate(`console.error('planted');
      setTimeout(() => { throw new Error('thrown') });
      Promise.allSettled([fetch('/dist/absent.js'), fetch('http://planted.invalid/')])`);
    for (const fault of [
      'console error: planted',
      'uncaught thrown',
      '404 for',
      'request to http://planted.invalid/',
    ]) {
      assert.ok(
        faults.some((seen) => seen.startsWith(fault)),
        `'${fault}' was not noticed among: ${faults.join('; ')}`,
      );
    }
  },

  async 'the unbundled core imports and opens WebGPU on SwiftShader'(page, origin) {
    const faults = await open(page, origin);
    const adapter = await ask<Capabilities>(page, 'suite.adapter');
    assert.equal(adapter.tier, 'software');
    assert.match(adapter.architecture, /swiftshader/i);
    assert.deepEqual(faults, []);
  },

  async 'the bundled entries of both packages do in a page what they do in Node'(page, origin) {
    const faults = await open(page, origin);
    await page.addScriptTag({ content: await bundledEntries() });
    const { inputs, precision } = pureInputs();
    const got = JSON.parse(await page.evaluate(`entries.runAll(${JSON.stringify(inputs)}).then(JSON.stringify)`));
    assertAlike(got, JSON.parse(JSON.stringify(await runAll(inputs))), 'entries');
    assertAlike(got['wgrad-pose'].ap, precision, 'AP of pycocotools');
    assert.deepEqual(faults, []);
  },

  async 'the kernels of every op agree with the float64 reference'(page, origin) {
    const faults = await open(page, origin);
    const names = await ask<string[]>(page, 'suite.opNames');
    assert.ok(names.includes('conv2dWeight'), `the registry lists ${names.join(', ')}`);
    const wrong: string[] = [];
    for (const name of names) {
      const fault = await ask<string | null>(page, `suite.checkOp('${name}', ${SEED})`);
      if (fault) wrong.push(fault);
    }
    assert.deepEqual([...wrong, ...faults], []);
  },

  async 'a RealNVP trained on two moons follows the float64 reference'(page, origin) {
    const faults = await open(page, origin);
    const got = await ask<Trajectory>(page, `suite.train(${JSON.stringify(PLAN)})`);
    const exact = await trainMoons(cpu(), PLAN);
    const rounded = await trainMoons(roundedReference(), PLAN);
    assertFollows('loss of step', got.losses, rounded.losses, exact.losses);
    assertFollows('log-density of cell', got.logDensity, rounded.logDensity, exact.logDensity);
    const [first, last] = [got.losses[0], got.losses[PLAN.steps - 1]];
    assert.ok(last < first - 0.3, `the loss went from ${first} to ${last} nats`);
    assert.deepEqual(faults, []);
  },

  async 'the example page learns and paints'(page, origin) {
    const faults = watch(page, origin);
    await page.goto(`${origin}/examples/browser/index.html`);
    await page.waitForFunction("document.querySelector('output').dataset.step >= 30", null, { timeout: 600_000 });
    const caption = await page.textContent('output');
    assert.match(caption ?? '', /swiftshader: step \d+ of \d+, loss \d\.\d+ nats/);
    const colours = await page.evaluate(`new Set(new Uint32Array(
      document.querySelector('canvas').getContext('2d').getImageData(0, 0, 512, 512).data.buffer)).size`);
    assert.ok((colours as number) > 100, `the canvas has ${colours} colours`);
    assert.deepEqual(faults, []);
  },
};
