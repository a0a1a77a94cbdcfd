import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { fuzz } from './fuzz.js';
import { PARSERS, parserCalled } from './parsers.js';
import { caseOf, verdictOf } from './verdict.js';

/** Where files that a parser fails on are kept. */
const FOLDER = 'out/fuzz';

interface Options {
  readonly count: string;
  readonly seed: string;
  readonly from: string;
  readonly file?: string;
}

const say = (text: string) => process.stdout.write(`${text}\n`);

await new Command('npm run fuzz --')
  .argument('[parsers...]', `of ${PARSERS.map(({ name }) => name).join(', ')}; by default all`)
  .description('feed readers of files with damaged ones; what goes wrong is kept in out/fuzz')
  .option('--count <n>', 'cases of each', '10000')
  .option('--seed <n>', 'another seed, other cases', '1')
  .option('--from <n>', 'the first case', '0')
  .option('--file <path>', 'read this file instead')
  .action(async (names: string[], { count, seed, from, file }: Options) => {
    const parsers = names.length > 0 ? names.map((name) => parserCalled(name)) : PARSERS;
    for (const parser of parsers) {
      if (file !== undefined) {
        say(`${parser.name}: ${await verdictOf(parser, readFileSync(file))}`);
        continue;
      }
      const first = Number(from);
      const task = { parser: parser.name, seed: Number(seed), from: first, to: first + Number(count) };
      const { read, refused, failures } = await fuzz(task);
      say(`${parser.name}: ${read} read, ${refused} refused, ${failures.length} wrong`);
      const seeds = failures.length > 0 ? await parser.seeds() : [];
      for (const { index, verdict } of failures) {
        mkdirSync(FOLDER, { recursive: true });
        const path = join(FOLDER, `${parser.name}-${seed}-${index}.bin`);
        writeFileSync(path, caseOf(seeds, Number(seed), index));
        say(`  case ${index} ${verdict}\n  npm run fuzz -- ${parser.name} --file ${path}`);
        process.exitCode = 1;
      }
    }
  })
  .parseAsync();
