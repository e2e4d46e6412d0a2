import ts from "typescript";

/** How libvirt names what a migration has left behind: `provider/core/situation.ts` alone knows what they mean. */
const reasons: ReadonlySet<string> = new Set(["post-copy failed", "post-copy", "migrated", "migrating"]);
const comparisons: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
]);
const searches: ReadonlySet<string> = new Set(["includes", "startsWith", "endsWith", "indexOf", "has"]);

/** Where a reason of libvirt's is compared. */
export function comparedReasons(path: string, text: string): string[] {
  const source = parse(path, text);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && reasons.has(node.text) && isCompared(node)) {
      found.push(`${at(source, node)}: compares libvirt's reason "${node.text}"; ask core/situation.ts`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isCompared(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isBinaryExpression(parent)) return comparisons.has(parent.operatorToken.kind);
  if (ts.isCaseClause(parent)) return parent.expression === node;
  if (ts.isCallExpression(parent)) return isSearch(parent.expression);
  if (!ts.isArrayLiteralExpression(parent)) return false;
  const holder = parent.parent;
  return ts.isNewExpression(holder) || (ts.isPropertyAccessExpression(holder) && isSearch(holder));
}

function isSearch(node: ts.Node): boolean {
  return ts.isPropertyAccessExpression(node) && searches.has(node.name.text);
}

/** Fields of exported interfaces, those of objects within them too, that nothing explains. */
export function undocumentedFields(path: string, text: string): string[] {
  const source = parse(path, text);
  const inMembers = (members: ts.NodeArray<ts.TypeElement>, name: string): string[] =>
    members.filter(ts.isPropertySignature).flatMap((member) => {
      const field = `${name}.${member.name.getText(source)}`;
      const missing = ts.getJSDocCommentsAndTags(member).some(ts.isJSDoc)
        ? []
        : [`${at(source, member)}: ${field} has no docstring`];
      return [...missing, ...literalsIn(member.type).flatMap((literal) => inMembers(literal.members, field))];
    });
  return source.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ modifiers }) => modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
    .flatMap(({ members, name }) => inMembers(members, name.text));
}

function literalsIn(type: ts.TypeNode | undefined): ts.TypeLiteralNode[] {
  if (type === undefined) return [];
  if (ts.isTypeLiteralNode(type)) return [type];
  return ts.isUnionTypeNode(type) ? type.types.flatMap(literalsIn) : [];
}

function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

function at(source: ts.SourceFile, node: ts.Node): string {
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
}
