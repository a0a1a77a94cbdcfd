// `npm test`: build, type check, lint, all tests. The last line is `N passed, N failed`, where build, type check and lint
// count as one test each. Arguments go to vitest, and then only the tests that they name run.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findDeno, WITHOUT_DENO } from './deno.mjs';
import { hasMpirun, WITHOUT_MPI } from './mpi.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Tests passed, failed and skipped in vitest's JSON report; a file that fails before its first test is one failure. */
export function countTests(report) {
  const files = report.testResults;
  const all = files.flatMap((file) => file.assertionResults.map((test) => test.status));
  const broken = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
  );
  const passed = all.filter((status) => status === 'passed').length;
  const failed = all.filter((status) => status === 'failed').length + broken.length;
  return { passed, failed, skipped: all.length + broken.length - passed - failed };
}

function run(title, script, ...args) {
  console.log(`\n== ${title}`);
  const env = { XDG_RUNTIME_DIR: tmpdir(), ...process.env };
  return spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit', env }).status === 0;
}

function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-test-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const ok = run('tests', 'node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args);
    const counts = countTests(JSON.parse(readFileSync(file, 'utf8')));
    // vitest also fails for what belongs to no test: an unhandled rejection, or no test found.
    return ok || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function main(args) {
  const checks = [['build', 'scripts/build.mjs']];
  if (args.length === 0) {
    checks.push(['type check', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.check.json']);
    checks.push(['lint', 'node_modules/@biomejs/biome/bin/biome', 'ci', '.']);
  }
  const results = checks.map(([title, script, ...rest]) => run(title, script, ...rest));
  const tests = runTests(args);
  const passed = tests.passed + results.filter(Boolean).length;
  const failed = tests.failed + results.filter((ok) => !ok).length;
  if (!hasMpirun()) console.log(`\nNOT TESTED: ${WITHOUT_MPI}`);
  if (!findDeno()) console.log(`\nNOT TESTED: ${WITHOUT_DENO}`);
  const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : '';
  console.log(`\n${passed} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
