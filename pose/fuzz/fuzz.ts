import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Report, Task } from './child.js';
import { LIMITS } from './verdict.js';

/** A case that went wrong. */
export interface Failure {
  readonly index: number;
  /** What the parser did: an error that is not its own, with its stack, a hang, memory, or the end of the process. */
  readonly verdict: string;
}

/** How many cases were read, how many refused, and which went wrong. */
export interface Tally {
  read: number;
  refused: number;
  readonly failures: Failure[];
}

/** The heap of a child in megabytes: far more than any case may take, far less than a machine has. */
const HEAP = 1024;
/** After so many failures there is something to mend first. */
const MOST_FAILURES = 20;

/** Runs cases of a parser in child processes, a new one after each that hung or fell. */
export async function fuzz(task: Task): Promise<Tally> {
  const tally: Tally = { read: 0, refused: 0, failures: [] };
  for (let from = task.from; from < task.to && tally.failures.length < MOST_FAILURES; ) {
    from = await runChild({ ...task, from }, tally);
  }
  return tally;
}

/** Runs cases until one ends the process; returns the case to go on with. */
function runChild(task: Task, tally: Tally): Promise<number> {
  return new Promise((done) => {
    const execArgv = [...process.execArgv, '--import', import.meta.resolve('tsx'), `--max-old-space-size=${HEAP}`];
    const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), {
      execArgv,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let next = task.from;
    let running = false;
    let hung = false;
    let said = '';
    const { patience = 3 * LIMITS.seconds } = task;
    const kill = () => {
      hung = true;
      child.kill('SIGKILL');
    };
    let watch = setTimeout(kill, START_MS);
    child.stderr?.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-2000);
    });
    child.on('message', (report: Report) => {
      running = 'begins' in report;
      if ('begins' in report) {
        next = report.begins;
      } else {
        next = report.ends + 1;
        if (report.verdict === 'read' || report.verdict === 'refused') tally[report.verdict]++;
        else tally.failures.push({ index: report.ends, verdict: report.verdict });
      }
      clearTimeout(watch);
      watch = setTimeout(kill, 1000 * patience);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(watch);
      if (running || (code !== 0 && next < task.to)) {
        const verdict = hung ? `did not end within ${patience} s` : `ended the process (${signal ?? code}): ${said}`;
        tally.failures.push({ index: next, verdict });
        next++;
      }
      done(next);
    });
    child.send(task);
  });
}

/** A child has to start first, on a machine that may be busy. */
const START_MS = 300_000;
