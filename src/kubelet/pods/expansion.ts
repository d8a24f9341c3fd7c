/** `$(NAME)` in commands, arguments, environment values and sub-paths. `$$` stands for one dollar sign. */

/** What is not defined stays as it is written. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let result = "";
  let index = 0;
  while (index < text.length) {
    const dollar = text.indexOf("$", index);
    if (dollar < 0 || dollar + 1 >= text.length) break;
    result += text.slice(index, dollar);
    const next = text[dollar + 1] as string;
    if (next === "(") {
      const end = text.indexOf(")", dollar + 2);
      if (end < 0) {
        result += "$(";
        index = dollar + 2;
        continue;
      }
      const name = text.slice(dollar + 2, end);
      result += lookup(name) ?? `$(${name})`;
      index = end + 1;
    } else {
      result += next === "$" ? "$" : `$${next}`;
      index = dollar + 2;
    }
  }
  return result + text.slice(index);
}

/** As expand, but a name that is not defined is an error. */
export function expandStrictly(text: string, lookup: (name: string) => string | undefined): string {
  const missing: string[] = [];
  const result = expand(text, (name) => {
    const value = lookup(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  if (missing.length > 0)
    throw new Error(`missing value for ${missing.map((name) => JSON.stringify(name)).join(", ")}`);
  return result;
}
