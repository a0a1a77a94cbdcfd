import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export type Sources = ReadonlyMap<string, string>;

export interface Import {
  readonly specifier: string;
  readonly dynamic: boolean;
  /** Nothing is left of it at run time. */
  readonly erased: boolean;
}

/** Every .ts and .mjs file under the folders, by its path from the root. */
export function read(...folders: string[]): Sources {
  const sources = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(ts|mjs)$/.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      sources.set(posix.join(...path.slice(root.length + 1).split(/[\\/]/)), readFileSync(path, 'utf8'));
    }
  }
  return sources;
}

export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** All that a module asks for: `import`, bare `import '...'`, `export ... from`, `import()` and types by `import()`. */
export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node | undefined, dynamic: boolean, erased = false) => {
    if (node && ts.isStringLiteralLike(node)) found.push({ specifier: node.text, dynamic, erased });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, false, node.importClause?.isTypeOnly);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, false, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], true);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, false, true);
    ts.forEachChild(node, visit);
  };
  visit(parse(path, text));
  return found;
}

/** The source file that a relative specifier means, or null for a package. */
export function resolve(from: string, specifier: string): string | null {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts') : null;
}

/** Sources that a test makes up. */
export const planted = (files: Record<string, string>): Sources => new Map(Object.entries(files));
