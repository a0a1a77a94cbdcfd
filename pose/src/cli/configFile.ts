import type { Command, Option } from 'commander';
import { DataError } from 'wgrad';
import { excerptOfList } from 'wgrad/io';
import { readJsonFile } from 'wgrad/io/node';

const FLAG = '--config';

/** Lets a command take its options from a file as well; `expandConfig` puts them in. */
export function takesConfig(command: Command): void {
  command.option(
    `${FLAG} <file>`,
    'options from a JSON file, such as {"seed": 3}; what is typed goes before what is there',
  );
}

/**
 * Replaces `--config FILE` in a command line by the options in the file. They stand before the typed options, which
 * therefore override them. A file is a JSON object whose keys are options without dashes. Its values are numbers and
 * texts, lists of them (typed with commas), true for a flag, and null or false for an option that is left out.
 * @throws DataError naming file and key for an option that the command does not have, or a value that no option can
 * have
 */
export async function expandConfig(program: Command, argv: readonly string[]): Promise<string[]> {
  const [node, script, name, ...typed] = argv;
  const command = program.commands.find((known) => known.name() === name || known.aliases().includes(name));
  if (!command) return [...argv];
  const options = new Map<string, Option>();
  for (const option of command.options) {
    if (option.long === FLAG) continue;
    options.set(longName(option), option).set(option.attributeName(), option);
  }
  const expanded: string[] = [];
  const rest: string[] = [];
  for (let i = 0; i < typed.length; i++) {
    const inline = typed[i].startsWith(`${FLAG}=`);
    // A `--config` without a file is left for the parser to refuse.
    if (!inline && (typed[i] !== FLAG || i + 1 === typed.length)) rest.push(typed[i]);
    else expanded.push(...(await flagsOf(inline ? typed[i].slice(FLAG.length + 1) : typed[++i], name, options)));
  }
  return [node, script, name, ...expanded, ...rest];
}

async function flagsOf(file: string, command: string, options: ReadonlyMap<string, Option>): Promise<string[]> {
  const content = await readJsonFile(file);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new DataError(`${file}: expected an object of options {...}, such as {"seed": 3}`);
  }
  return Object.entries(content).flatMap(([key, value]) => {
    const option = options.get(key);
    if (!option) {
      const known = [...new Set([...options.values()].map(longName))].join(', ');
      throw new DataError(`${file}: ${key}: wgrad-pose ${command} has no such option; it has ${known || 'none'}`);
    }
    return flagOf(option, value, `${file}: ${key}`);
  });
}

function flagOf(option: Option, value: unknown, where: string): string[] {
  const flag = `--${longName(option)}`;
  if (value === null || value === false) return [];
  if (value === true && !option.required) return [flag];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const areTyped = values.length > 0 && values.every((one) => typeof one === 'string' || typeof one === 'number');
  if (areTyped && (option.required || option.optional)) return [`${flag}=${values.join()}`];
  const expected = option.required || option.optional ? 'a number, a text or a list of them' : 'true or false';
  throw new DataError(`${where}: expected ${expected}, got ${excerptOfList(value)}`);
}

/** `flip-test` of `--flip-test`. */
const longName = (option: Option): string => (option.long ?? '').slice(2);
