// `npm run test:browser`: the compiled modules in headless Chromium, on SwiftShader's WebGPU; `-- TEXT` runs the checks with TEXT in
// their titles.

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium, launchChromium } from './chromium.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const MISSING =
  'test:browser: no Chromium on the path, nor in CHROMIUM. Install one (Debian: `apt-get install chromium`), ' +
  'or name its executable: `CHROMIUM=/path/to/chromium npm run test:browser`.';

async function main(): Promise<number> {
  const executable = findChromium();
  if (!executable) {
    console.error(MISSING);
    return 2;
  }
  const build = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' });
  if (build.status !== 0) return 1;
  // Only now, since both import the compiled package.
  const [{ checks }, { serve }] = await Promise.all([import('./checks.js'), import('../../examples/browser/serve.js')]);
  const browser = await launchChromium(executable).catch((error: Error) => {
    console.error(
      `test:browser: ${executable} does not start: ${error.message.split('\n')[0]}; name another in CHROMIUM.`,
    );
  });
  if (!browser) return 2;
  const server = await serve();
  const [text = ''] = process.argv.slice(2);
  const chosen = Object.entries(checks).filter(([title]) => title.includes(text));
  let failed = 0;
  try {
    for (const [title, check] of chosen) {
      const started = performance.now();
      const page = await browser.newPage();
      try {
        await check(page, server.origin);
        console.log(`ok    ${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
      } catch (error) {
        failed++;
        console.log(`FAIL  ${title}\n      ${(error as Error).message.replaceAll('\n', '\n      ')}`);
      }
      await page.close();
    }
  } finally {
    await browser.close();
    server.close();
  }
  console.log(`\n${chosen.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main();
