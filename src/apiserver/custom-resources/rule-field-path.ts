/** The fieldPath of a rule, `.spec['a.b']`, along a schema; as apiextensions' ValidFieldPath. */
import { childPath, childSchema, type JsonSchema } from "./schema.ts";

const step = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/y;
const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "'": "'",
  "\\": "\\",
};

/** The path as field errors write it, without a leading dot; undefined where it is none or leads nowhere. */
export function normalizedFieldPath(path: string, schema: JsonSchema): string | undefined {
  let place = "";
  let node: JsonSchema | undefined = schema;
  let position = 0;
  while (position < path.length) {
    step.lastIndex = position;
    const found = step.exec(path);
    if (found === null) return undefined;
    position = step.lastIndex;
    const name = found[1] ?? unescaped(found[2] ?? "");
    const isField: boolean = node.properties !== undefined;
    node = name === undefined ? undefined : childSchema(node, name);
    if (name === undefined || node === undefined) return undefined;
    place = isField ? childPath(place, name) : `${place}[${name}]`;
  }
  return place;
}

function unescaped(text: string): string | undefined {
  let valid = true;
  const result = text.replace(/\\(.)/g, (_, letter: string) => {
    const replaced = escapes[letter];
    valid &&= replaced !== undefined;
    return replaced ?? "";
  });
  return valid ? result : undefined;
}
