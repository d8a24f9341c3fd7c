/** Message literals (`Object.spec{replicas: 3}`, `JSONPatch{op: "add"}`) as maps, which the parser knows. */
const token =
  /\s+|\/\/[^\n]*|[rRbB]{0,2}(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*|[\s\S]/g;
const name = /^[A-Z][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** Field names of messages become string keys. Sources without messages come back as they are. */
export function withoutMessages(source: string): string {
  if (!/[A-Za-z0-9_]\s*\{/.test(source)) return source;
  const tokens = source.match(token) ?? [];
  const open: string[] = [];
  let result = "";
  for (const [index, text] of tokens.entries()) {
    const following = next(tokens, index);
    if (name.test(text) && following === "{") continue;
    if (text === "{") open.push(name.test(previous(tokens, index)) ? "message" : "map");
    else if (text === "(" || text === "[") open.push(text);
    else if (text === "}" || text === ")" || text === "]") open.pop();
    const before = previous(tokens, index);
    const isField = open.at(-1) === "message" && following === ":" && (before === "{" || before === ",");
    result += isField && /^[A-Za-z_]/.test(text) ? JSON.stringify(text) : text;
  }
  return result;
}

const isSpace = (text: string): boolean => /^(?:\s|\/\/)/.test(text);

function next(tokens: readonly string[], index: number): string {
  for (let at = index + 1; at < tokens.length; at++) if (!isSpace(tokens[at] as string)) return tokens[at] as string;
  return "";
}

function previous(tokens: readonly string[], index: number): string {
  for (let at = index - 1; at >= 0; at--) if (!isSpace(tokens[at] as string)) return tokens[at] as string;
  return "";
}
