import ts from "typescript";

const maxFunction = 60;
const maxFile = 250;

/** Tables, and why each stays in one place: the file, or "file: function". */
const allowed: Readonly<Record<string, string>> = {
  "lab/foresight/cases.ts": "a table: every case of the corpus",
  "provider/core/args.ts": "a table: the documented inputs and outputs, as the docs and editors show them",
  "provider/core/options.ts": "a table: every option of virsh migrate",
  "tools/docs/errors.ts": "a table: every error code",
};

/** Files of more than 250 lines and functions of more than 60. */
export function tooLong(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
  const lines = text.split("\n").length - 1;
  const found = lines > maxFile && !(path in allowed) ? [`${path}: ${lines} lines; split it (${maxFile} at most)`] : [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      const [first, last] = [lineOf(node.getStart(source)), lineOf(node.end)];
      const name = nameOf(node, source);
      if (last - first >= maxFunction && !(`${path}: ${name}` in allowed))
        found.push(`${path}:${first}: ${name} has ${last - first + 1} lines; split it (${maxFunction} at most)`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function nameOf(node: ts.SignatureDeclaration, source: ts.SourceFile): string {
  if (node.name) return node.name.getText(source);
  if (ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent))
    return node.parent.name.getText(source);
  return ts.isCallExpression(node.parent) || ts.isNewExpression(node.parent) ? "an argument" : "a function";
}
