import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { hasMpich, hasMpirun } from '../../scripts/mpi.mjs';
import { root } from '../../test/sources.js';

const TSX = join(root, 'node_modules/tsx/dist/esm/index.mjs');

/** The numbers of ranks that tests run on: none without `mpirun`, which `npm test` says. */
export const RANKS: readonly number[] = hasMpirun() ? [1, 2, 4] : [];

/** What a program left behind, in however many processes. */
export interface Ended {
  readonly code: number | null;
  readonly said: string;
  readonly printed: string;
}

/** What Dawn says of every software adapter. */
const OF_DAWN = /^Warning: max\w+ artificially reduced.*\n/gm;

/** A program that starts ranks. */
export interface Launcher {
  readonly mpi: 'Open MPI' | 'MPICH';
  readonly command: string;
  readonly options: readonly string[];
  /** Gives a rank a variable. */
  variable(name: string, value: string): readonly string[];
}

/** More processes than cores, none of them bound to a core, also as root. */
export const OPEN_MPI: Launcher = {
  mpi: 'Open MPI',
  command: 'mpirun',
  options: ['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none', '--quiet'],
  variable: (name, value) => ['-x', `${name}=${value}`],
};

const MPICH: Launcher = {
  mpi: 'MPICH',
  command: 'mpirun.mpich',
  options: [],
  variable: (name, value) => ['-env', name, value],
};

/** MPICH where it is installed beside Open MPI; its tests are few, since the code is the same but for the handles. */
export const OTHERS: readonly Launcher[] = hasMpich() ? [MPICH] : [];

/** What one rank runs: a TypeScript file, after modules that are loaded before it. */
export interface RankProgram {
  readonly file: string;
  readonly args?: readonly string[];
  readonly preload?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a TypeScript file on so many ranks. */
export function runRanks(
  ranks: number,
  file: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Ended> {
  const { command, options: how } = options.launcher ?? OPEN_MPI;
  return ended(command, [...how, '-n', String(ranks), process.execPath, ...nodeArguments({ file, args })], options);
}

/** Runs a program of its own on each rank. */
export function runEach(programs: readonly RankProgram[], options: RunOptions = {}): Promise<Ended> {
  const { command, options: how, variable } = options.launcher ?? OPEN_MPI;
  const contexts = programs.map((program) => {
    const env = Object.entries(program.env ?? {}).flatMap(([name, value]) => variable(name, value));
    return ['-n', '1', ...env, process.execPath, ...nodeArguments(program)];
  });
  return ended(command, [...how, ...contexts.flatMap((context, i) => (i > 0 ? [':', ...context] : context))], options);
}

/** Runs it in a process of its own, which no launcher has started. */
export function runAlone(file: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Ended> {
  return ended(process.execPath, nodeArguments({ file, args }), options);
}

function nodeArguments({ file, args = [], preload = [] }: RankProgram): string[] {
  const modules = [TSX, ...preload.map((path) => join(root, path))];
  return [...modules.flatMap((path) => ['--import', path]), resolve(root, file), ...args];
}

/** How programs are run. */
export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** By default Open MPI's. */
  readonly launcher?: Launcher;
  /** Sees the process of `mpirun`, and all that was said so far whenever something is. */
  readonly onSaid?: (said: string, pid: number) => void;
}

function ended(command: string, args: readonly string[], { env = {}, cwd = root, onSaid }: RunOptions): Promise<Ended> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, printed] = ['', ''];
  child.stderr.on('data', (text) => {
    said += text;
    onSaid?.(said, child.pid as number);
  });
  child.stdout.on('data', (text) => {
    printed += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, said: said.replace(OF_DAWN, ''), printed }));
  });
}
