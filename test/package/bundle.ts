import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import ts from 'typescript';
import { type Declaration, declarationsIn } from './closure.js';

/** Constants are folded in either form, as in any production build; without `short` all names and module heads stay. */
async function bundle(folder: string, source: string, short: boolean): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: folder },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    minifySyntax: true,
    minifyIdentifiers: short,
    minifyWhitespace: short,
    write: false,
    absWorkingDir: folder,
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}

/** Bytes after minification and gzip of a bundle with everything that `entries` export. */
export async function gzippedBytes(folder: string, entries: readonly string[]): Promise<number> {
  const source = entries.map((entry, i) => `export * as e${i} from './${entry}';`).join('\n');
  return gzipSync(await bundle(folder, source, true), { level: 9 }).length;
}

/** The Node modules and packages that a browser's bundle of an entry would ask for, `import()` and type-only imports aside. */
export async function nodeModulesIn(folder: string, entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [join(folder, entry)],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    packages: 'external',
    external: ['node:*'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const bare = imports.filter(({ external, kind }) => external && kind === 'import-statement');
  return [...new Set(bare.map(({ path }) => path))].sort();
}

/** The declarations that esbuild keeps for someone who imports one name; it heads each module with `// path`. */
export async function keptFor(folder: string, entry: string, name: string): Promise<Declaration[]> {
  const text = await bundle(folder, `export { ${name} } from './${entry}';`, false);
  const heads = [...text.matchAll(/^\/\/ (\S+\.js)$/gm)].map((match) => ({ at: match.index, file: match[1] }));
  return ts.createSourceFile('bundle.js', text, ts.ScriptTarget.Latest, true).statements.flatMap((statement) => {
    const file = heads.findLast(({ at }) => at < statement.getStart())?.file;
    if (!file) return [];
    return declarationsIn(statement).map(({ name }) => `${resolve(join(folder, file))}#${name}`);
  });
}

/** Is a kept declaration among these? Undoes esbuild's renaming of equal names and of default exports. */
export function isAmong(declarations: ReadonlySet<Declaration>, kept: Declaration): boolean {
  const spellings = [kept, kept.replace(/\d+$/, ''), kept.replace(/#\w+_default\d*$/, '#default')];
  return spellings.some((spelling) => declarations.has(spelling));
}
