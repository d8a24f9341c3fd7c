/** The part of Go's text/template that status formats use: `{{.Field}}`, `{{"text"}}`, `{{if .Field}}…{{else}}…{{end}}`. */
import { MiniError } from "../cluster/errors.ts";

/** Throws MK_USAGE for fields that there are not and for other actions. */
export function renderTemplate(template: string, fields: object): string {
  const values = new Map<string, unknown>(Object.entries(fields));
  const tokens = template.replaceAll("\\n", "\n").split(/(\{\{-?.*?-?\}\})/s);
  const [text, rest] = renderBlock(tokens, values);
  if (rest.length > 0) throw unsupported(rest[0] ?? "");
  return text;
}

/** Renders up to the `{{else}}` or `{{end}}` of the block; answers what is left, from that token on. */
function renderBlock(
  tokens: readonly string[],
  values: ReadonlyMap<string, unknown>,
): [text: string, rest: readonly string[]] {
  let text = "";
  let rest = tokens;
  while (rest.length > 0) {
    const [token = ""] = rest;
    const action = token.match(/^\{\{-?\s*(.*?)\s*-?\}\}$/s)?.[1];
    if (action === "else" || action === "end") return [text, rest];
    rest = rest.slice(1);
    if (action === undefined) text += token;
    else if (action.startsWith("if ")) {
      const [chosen, after] = renderCondition(action.slice(3), rest, values);
      text += chosen;
      rest = after;
    } else text += evaluate(action, values);
  }
  return [text, rest];
}

function renderCondition(
  condition: string,
  tokens: readonly string[],
  values: ReadonlyMap<string, unknown>,
): [text: string, rest: readonly string[]] {
  const [whenTrue, afterTrue] = renderBlock(tokens, values);
  const hasElse = /else/.test(afterTrue[0] ?? "");
  const [whenFalse, afterFalse] = hasElse ? renderBlock(afterTrue.slice(1), values) : ["", afterTrue];
  if (afterFalse.length === 0) throw new MiniError("MK_USAGE", "--format: {{if}} without {{end}}");
  return [
    evaluate(condition, values) === "" || evaluate(condition, values) === "false" ? whenFalse : whenTrue,
    afterFalse.slice(1),
  ];
}

function evaluate(action: string, values: ReadonlyMap<string, unknown>): string {
  const literal = action.match(/^"(.*)"$/)?.[1];
  if (literal !== undefined) return literal;
  const field = action.match(/^\.(\w+)$/)?.[1];
  if (field === undefined || !values.has(field)) throw unsupported(action);
  return String(values.get(field));
}

function unsupported(action: string): MiniError {
  const advice = "--format='{{.Name}} {{.Host}} {{.Kubelet}} {{.APIServer}} {{.Kubeconfig}}'";
  return new MiniError("MK_USAGE", `--format: {{${action}}} is not a field that there is`, { advice });
}
