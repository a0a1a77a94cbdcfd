import { type ChildProcess, spawn } from 'node:child_process';
import { type Answer, lineSplitter, type Request } from './protocol.js';

/** How to start a lane, and what to call it. */
export interface LaneSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Not among the peers that a ratio is taken to: another kind of machine. */
  readonly forScale?: boolean;
  /** Multiplies with 10 bits of mantissa, and is judged by that. */
  readonly tf32?: boolean;
}

/** A library in a process of its own: what crashes or hangs there costs a row, not the run. */
export class LaneProcess {
  readonly spec: LaneSpec;
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  #waiting: ((answer: Answer) => void) | undefined;
  #lastWords = '';

  constructor(spec: LaneSpec, env: Record<string, string> = {}) {
    this.spec = spec;
    this.#env = env;
  }

  get isOpen(): boolean {
    return this.#child !== undefined;
  }

  /**
   * Asks one question and gives one answer. If the limit is exceeded or the process ends, the lane is gone and the answer
   * is an error.
   */
  async ask(request: Request, limitMs: number): Promise<Answer> {
    const child = this.#child ?? this.#start();
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting = resolve;
      timer = setTimeout(() => {
        this.stop();
        resolve({ error: `over the time cap of ${Math.round(limitMs / 1000)} s` });
      }, limitMs);
      child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
    clearTimeout(timer);
    this.#waiting = undefined;
    return answer;
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const { command, args } = this.spec;
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...this.#env } });
    this.#child = child;
    const split = lineSplitter((line) => {
      if (line.startsWith('{')) this.#waiting?.(JSON.parse(line) as Answer);
    });
    child.stdout.setEncoding('utf8').on('data', split);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = text.trim().split('\n').at(-1) ?? '';
    });
    child.stdin.on('error', () => undefined); // its end is reported below
    const ended = (how: string) => {
      if (this.#child !== child) return; // it was stopped, or has been reported
      this.#child = undefined;
      this.#waiting?.({ error: `the process ended (${how})${this.#lastWords ? `: ${this.#lastWords}` : ''}` });
    };
    child.on('error', (error) => ended(error.message));
    // Not 'exit', which may come before the last of its output.
    child.on('close', (code, signal) => ended(signal ?? `exit ${code}`));
    return child;
  }
}
