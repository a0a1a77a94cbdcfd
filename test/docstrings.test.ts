import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { root } from './sources.js';

const ENTRIES = [
  ...['index', 'nn/index', 'rle/index', 'ranks/index', 'io/index', 'io/node/index', 'testing/index'].map(
    (name) => `src/${name}`,
  ),
  'mpi/src/index',
];

/** What the entries export, types and members of namespaces included, without a docstring where it is declared. */
function undocumented(entries: readonly string[], host?: ts.CompilerHost): string[] {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(entries, { ...options, noEmit: true }, host);
  const checker = program.getTypeChecker();
  const seen = new Set<ts.Symbol>();
  const visit = (name: string, exported: ts.Symbol): string[] => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (seen.has(symbol)) return [];
    seen.add(symbol);
    if (symbol.flags & ts.SymbolFlags.ValueModule) {
      return checker.getExportsOfModule(symbol).flatMap((member) => visit(`${name}.${member.name}`, member));
    }
    return symbol.getDocumentationComment(checker).length > 0 ? [] : [name];
  };
  return entries.flatMap((entry) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.SourceFile) as ts.Symbol;
    return checker.getExportsOfModule(module).flatMap((exported) => visit(exported.name, exported));
  });
}

test('every public export has a docstring', () => {
  expect(undocumented(ENTRIES.map((entry) => join(root, `${entry}.ts`)))).toEqual([]);
});

test('an export without one is found, in a namespace too', () => {
  const files: Record<string, string> = {
    '/entry.ts':
      "export * as part from './part.js';\n/** Told. */\nexport const told = 1;\nexport type Untold = number;",
    '/part.ts': 'export function bare(): void {}\n/** Told. */\nexport function told(): void {}',
  };
  const host = ts.createCompilerHost({});
  const own: ts.CompilerHost = {
    ...host,
    fileExists: (path) => path in files || host.fileExists(path),
    readFile: (path) => files[path] ?? host.readFile(path),
    getSourceFile: (path, version) =>
      path in files ? ts.createSourceFile(path, files[path], version, true) : host.getSourceFile(path, version),
  };
  expect(undocumented(['/entry.ts'], own)).toEqual(['part.bare', 'Untold']);
});
