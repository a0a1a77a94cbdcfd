import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ts from 'typescript';

/** A declaration at the top of a module, as `file#name`. */
export type Declaration = string;

interface Module {
  /** What each declaration mentions, by its name. */
  readonly mentions: ReadonlyMap<string, ReadonlySet<string>>;
  /** Where each imported or re-exported name comes from. */
  readonly origins: ReadonlyMap<string, Declaration>;
}

/** All declarations that `start` needs, found by following names through a tree of plain ES modules. */
export function closureOf(start: Declaration): Set<Declaration> {
  const reached = new Set<Declaration>();
  const visit = (declaration: Declaration): void => {
    if (reached.has(declaration)) return;
    const [file, name] = declaration.split('#');
    const { mentions, origins } = moduleAt(file);
    const origin = origins.get(name);
    const mentioned = mentions.get(name); // unknown: a local variable, a property or a global
    if (origin) visit(origin);
    if (!mentioned) return;
    reached.add(declaration);
    for (const other of mentioned) visit(`${file}#${other}`);
  };
  visit(start);
  return reached;
}

const modules = new Map<string, Module>();

function moduleAt(file: string): Module {
  let module = modules.get(file);
  if (!module) {
    module = readModule(file);
    modules.set(file, module);
  }
  return module;
}

function readModule(file: string): Module {
  const mentions = new Map<string, Set<string>>();
  const origins = new Map<string, Declaration>();
  const text = readFileSync(file, 'utf8');
  for (const statement of ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).statements) {
    for (const [local, imported, specifier] of namesFrom(statement)) {
      origins.set(local, `${resolve(dirname(file), specifier)}#${imported}`);
    }
    for (const { name, node } of declarationsIn(statement)) mentions.set(name, identifiersIn(node));
  }
  return { mentions, origins };
}

/** `[local name, name there, specifier]` of an `import { } from` or `export { } from`. */
function namesFrom(statement: ts.Statement): [string, string, string][] {
  const isLink = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
  if (!isLink || !statement.moduleSpecifier) return [];
  const specifier = (statement.moduleSpecifier as ts.StringLiteral).text;
  const clause = ts.isImportDeclaration(statement) ? statement.importClause : undefined;
  const names: [string, string, string][] = clause?.name ? [[clause.name.text, 'default', specifier]] : [];
  const list = ts.isImportDeclaration(statement) ? clause?.namedBindings : statement.exportClause;
  if (list && (ts.isNamedImports(list) || ts.isNamedExports(list))) {
    for (const { name, propertyName } of list.elements) names.push([name.text, (propertyName ?? name).text, specifier]);
  }
  return names;
}

/** Names declared by a statement at the top of a module; destructuring declares each name with the whole of its source. */
export function declarationsIn(statement: ts.Statement): { name: string; node: ts.Node }[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap((node) =>
      boundNames(node.name).map((name) => ({ name, node })),
    );
  }
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    const isDefault = ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
    const names = [statement.name?.text, isDefault ? 'default' : undefined].filter((name) => name !== undefined);
    return names.map((name) => ({ name, node: statement }));
  }
  return ts.isExportAssignment(statement) ? [{ name: 'default', node: statement }] : [];
}

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []));
}

/** Every name used as a value; property names are not. */
function identifiersIn(node: ts.Node): Set<string> {
  const found = new Set<string>();
  const visit = (child: ts.Node): void => {
    const { parent } = child;
    const isProperty =
      (ts.isPropertyAccessExpression(parent) && parent.name === child) ||
      (ts.isPropertyAssignment(parent) && parent.name === child);
    if (ts.isIdentifier(child) && !isProperty) found.add(child.text);
    ts.forEachChild(child, visit);
  };
  visit(node);
  return found;
}
