import { Command } from 'commander';
import { vi } from 'vitest';

/** What a command prints on stdout and says on stderr. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run some of wgrad's commands in this process: `run('inspect', file)`. What a command throws is thrown. */
export function inProcess(...commands: ((program: Command) => void)[]): (...args: string[]) => Promise<Said> {
  return async (...args) => {
    const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    try {
      const program = new Command().exitOverride();
      for (const register of commands) register(program);
      await program.parseAsync(['node', 'wgrad', ...args]);
      const text = (spy: { mock: { calls: unknown[][] } }) => spy.mock.calls.map(([line]) => line).join('\n');
      return { stdout: text(printed), stderr: text(said) };
    } finally {
      printed.mockRestore();
      said.mockRestore();
      process.exitCode = undefined;
    }
  };
}
