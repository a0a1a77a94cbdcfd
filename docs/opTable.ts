import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allCases } from '../src/testing/registry.js';

const path = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const BEGIN = '<!-- The table is written by `npm run readme`. -->\n';
const END = '<!-- /ops -->';

/** The functions that `src/index.ts` exports from `src/kernels/`, by folder. */
function publicFunctions(): Map<string, string[]> {
  const families = new Map<string, string[]>();
  const exported = readFileSync(path('src/index.ts'), 'utf8').matchAll(
    /export \{([^}]*)\} from '\.\/kernels\/(\w+)\/\w+\.js'/g,
  );
  for (const [, names, family] of exported) {
    const functions = names.split(',').flatMap((name) => (/^\s*\w+\s*$/.test(name) ? [name.trim()] : []));
    families.set(family, [...(families.get(family) ?? []), ...functions].sort());
  }
  return families;
}

/** README's table of all ops that can be imported, a row for each folder of `src/kernels/`. */
export function opTable(): string {
  const cases = new Map(allCases.map((one) => [one.op.def.name, one]));
  const listed = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(' ');
  const rows = [...publicFunctions()].map(([family, names]) => {
    const without = names.filter((name) => cases.get(name)?.op.def.vjp === null);
    const orderOf = (name: string) => Math.max(...(cases.get(name)?.samples.map(({ order = 2 }) => order) ?? [2]));
    const once = names.filter((name) => orderOf(name) === 1);
    const none = names.filter((name) => orderOf(name) === 0 && !without.includes(name));
    const rest = names.filter((name) => ![...without, ...once, ...none].includes(name));
    const parts = [
      ...(rest.length > 0 ? [listed(rest)] : []),
      ...(once.length > 0 ? [`once: ${listed(once)}`] : []),
      ...(none.length > 0 ? [`no derivative, an error where one is asked for: ${listed(none)}`] : []),
      ...(without.length > 0 ? [`derivative 0: ${listed(without)}`] : []),
    ];
    return `| ${family} | ${parts.join('; ')} |`;
  });
  return ['| family | ops |', '|---|---|', ...rows.sort(), ''].join('\n');
}

/** README with its table as it should be. */
export function readmeWithTable(readme: string): string {
  const [from, to] = [readme.indexOf(BEGIN) + BEGIN.length, readme.indexOf(END)];
  return readme.slice(0, from) + opTable() + readme.slice(to);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = path('README.md');
  writeFileSync(readme, readmeWithTable(readFileSync(readme, 'utf8')));
}
