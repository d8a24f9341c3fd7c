/** Where in an object conform.ts is, and what it has met there. */
import { unknownField } from "./decode-error.ts";
import { InvalidContent, TypeMismatch } from "./scalars.ts";

export interface Context {
  readonly prune: boolean;
  /** Field names and map keys (`{key}`) as strings and objects, list indices as numbers. */
  readonly path: (string | number | { readonly key: string })[];
  readonly unknownFields: string[];
  readonly floats: ReadonlyMap<string, string> | undefined;
  /** Whether unknown fields go without a word: where upstream's types decode themselves. */
  quiet: boolean;
  /** Go name of the innermost struct. */
  struct: string;
}

/** What went wrong, in Go's words. Throws what is no failure of a value. */
export function describeFailure(error: unknown, { path, struct }: Context): string {
  if (error instanceof InvalidContent) return error.message;
  if (!(error instanceof TypeMismatch)) throw error;
  const fields = path.filter((segment) => typeof segment === "string");
  const target = fields.length === 0 ? "Go value" : `Go struct field ${struct}.${fields.join(".")}`;
  return `json: cannot unmarshal ${error.found} into ${target} of type ${error.expected}`;
}

/** `spec.containers[0].name`, of the place itself or of a field in it. */
export function joinPath(path: Context["path"], last?: string): string {
  let joined = "";
  for (const segment of path) {
    if (typeof segment === "number") joined += `[${segment}]`;
    else {
      const name = typeof segment === "string" ? segment : segment.key;
      joined += joined === "" ? name : `.${name}`;
    }
  }
  if (last === undefined) return joined;
  return joined === "" ? last : `${joined}.${last}`;
}

/** Notes a field that the type does not have; gives what stays of it. */
export function unknown(key: string, child: unknown, context: Context): unknown {
  if (!context.quiet && context.unknownFields.length < 100)
    context.unknownFields.push(unknownField(joinPath(context.path, key)));
  return context.prune ? undefined : child;
}
