/** `$(NAME)` in commands, arguments, environment values and sub-paths. `$$` stands for one dollar sign. */

/** Linux gives no process a longer string, and not more of them together. */
const longestString = 128 * 1024;
const longestTogether = 6 * 1024 * 1024;

/**
 * What is not defined stays as it is written. Throws an Error where the result is longer than any process can be given:
 * thirty variables, each twice the one before, would have a gigabyte.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let result = "";
  let index = 0;
  const lastEnd = text.lastIndexOf(")");
  while (index < text.length) {
    if (result.length > longestString) break;
    const dollar = text.indexOf("$", index);
    if (dollar < 0 || dollar + 1 >= text.length) break;
    result += text.slice(index, dollar);
    const next = text[dollar + 1] as string;
    if (next === "(") {
      const end = dollar + 2 > lastEnd ? -1 : text.indexOf(")", dollar + 2);
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
  if (index === 0) return text;
  result += text.slice(index);
  if (result.length <= longestString) return result;
  const start = JSON.stringify(text.slice(0, shownCharacters));
  throw new Error(`the value of ${start} is longer than ${longestString} characters, more than a process can be given`);
}

const shownCharacters = 40;

/** Throws an Error where texts are longer together than any process can be given. */
export function checkTogether(texts: Iterable<string>): void {
  let length = 0;
  for (const text of texts) length += text.length;
  if (length <= longestTogether) return;
  throw new Error(`environment or arguments have ${length} characters, more than a process can be given`);
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
