import { readFileSync } from "node:fs";
import ts from "typescript";

export interface DocComment {
  /** One line, without the tags. */
  text: string;
  /** `@name text`, by name. */
  tags: ReadonlyMap<string, string>;
}

/** The doc comments of an interface's properties, by dotted path; those of objects within unions too. */
export function docComments(file: string, interfaceName: string): Map<string, DocComment> {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found = new Map<string, DocComment>();
  const visit = (members: ts.NodeArray<ts.TypeElement>, prefix: string): void => {
    for (const member of members) {
      if (!ts.isPropertySignature(member) || !ts.isIdentifier(member.name)) continue;
      const path = `${prefix}${member.name.text}`;
      const doc = ts.getJSDocCommentsAndTags(member).find(ts.isJSDoc);
      if (doc) {
        const tags = (doc.tags ?? []).map((tag) => [tag.tagName.text, oneLine(tag.comment)] as const);
        found.set(path, { text: oneLine(doc.comment), tags: new Map(tags) });
      }
      for (const literal of literalsIn(member.type)) visit(literal.members, `${path}.`);
    }
  };
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement) && statement.name.text === interfaceName) visit(statement.members, "");
  }
  return found;
}

function oneLine(comment: ts.JSDoc["comment"]): string {
  return (ts.getTextOfJSDocComment(comment) ?? "").replace(/\s+/g, " ").trim();
}

function literalsIn(type: ts.TypeNode | undefined): ts.TypeLiteralNode[] {
  if (type === undefined) return [];
  if (ts.isTypeLiteralNode(type)) return [type];
  return ts.isUnionTypeNode(type) ? type.types.flatMap(literalsIn) : [];
}
