import { type ParseArgsConfig, parseArgs } from 'node:util';
import { DataError } from '../errors.js';

/** An option as `--name` or `--name VALUE`. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly default?: string;
  readonly says: string;
}

/** The options as typed: texts, and true for flags. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;

/** One command of `wgrad`. */
export interface Command {
  readonly name: string;
  /** Its operands as the help writes them, such as `[op...]`; absent if it has none. */
  readonly operands?: string;
  readonly says: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** @returns the exit code */
  run(operands: readonly string[], options: Options): Promise<number>;
}

/**
 * Operands and options of a command line.
 * @throws DataError for an option that the command does not have, or operands where it has none
 */
export function parse(command: Command, args: readonly string[]): { operands: string[]; options: Options } {
  const options: ParseArgsConfig['options'] = { help: { type: 'boolean' } };
  for (const [name, { type }] of Object.entries(command.options)) options[name] = { type };
  let parsed: { values: Options; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true }) as typeof parsed;
  } catch (cause) {
    const [what] = (cause as Error).message.split('. ');
    throw new DataError(`${command.name}: ${what}; \`wgrad ${command.name} --help\` lists what there is`, { cause });
  }
  const defaults = Object.entries(command.options).map(([name, option]) => [name, option.default]);
  const given = { ...Object.fromEntries(defaults), ...parsed.values };
  if (!command.operands && parsed.positionals.length > 0) {
    throw new DataError(`${command.name}: takes no operand, got '${parsed.positionals[0]}'`);
  }
  return { operands: parsed.positionals, options: given };
}

/** What `--help` prints of one command. */
export function helpOf({ name, operands, says, options }: Command): string {
  const usage = ['usage: wgrad', name, '[options]', operands].filter(Boolean).join(' ');
  const rows = Object.entries(options).map(([option, { value, says: text, default: fallback }]) => [
    `--${option}${value ? ` ${value}` : ''}`,
    fallback ? `${text} (default ${fallback})` : text,
  ]);
  return [usage, '', says, '', ...aligned([...rows, ['--help', 'print this']])].join('\n');
}

/** Rows of two columns, the second aligned. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
