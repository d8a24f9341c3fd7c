/** Functions that Kubernetes adds to CEL: lists, strings, sets, quantities, URLs and addresses. */
import type { Environment } from "@marcbachmann/cel-js";
import { registerFormats } from "./format-library.ts";
import { registerLists } from "./list-library.ts";
import { registerMacros } from "./macros.ts";
import { registerNetwork } from "./network-library.ts";
import { registerPatterns } from "./pattern-library.ts";
import { registerQuantities } from "./quantity-library.ts";
import { registerSemver } from "./semver-library.ts";

class Url {
  readonly url: URL;
  constructor(text: string) {
    this.url = new URL(text);
  }
}

export function registerLibraries(environment: Environment): void {
  registerLists(environment);
  registerStrings(environment);
  registerPatterns(environment);
  registerQuantities(environment);
  registerUrls(environment);
  registerNetwork(environment);
  registerFormats(environment);
  registerSemver(environment);
  registerMacros(environment);
}

function registerStrings(environment: Environment): void {
  environment
    .registerFunction("string.replace(string, string): string", (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    )
    .registerFunction("string.replace(string, string, int): string", replaceSome)
    .registerFunction("string.charAt(int): string", (text: string, index: bigint) => text.charAt(Number(index)))
    .registerFunction("string.reverse(): string", (text: string) => [...text].reverse().join(""))
    .registerFunction("string.format(list<dyn>): string", format);
}

/** The first `most` occurrences; all below zero. */
function replaceSome(text: string, from: string, to: string, most: bigint): string {
  let left = most < 0n ? Number.POSITIVE_INFINITY : Number(most);
  return text.replaceAll(from, (found) => (left-- > 0 ? to : found));
}

function format(pattern: string, values: readonly unknown[]): string {
  let index = 0;
  return pattern.replace(/%(?:\.(\d+))?([%sdfxXobe])/g, (_, digits: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    const value = values[index++];
    if (verb === "f" || verb === "e") return Number(value).toFixed(Number(digits ?? 6));
    if (verb === "x" || verb === "o" || verb === "b") {
      return BigInt(value as bigint).toString({ x: 16, o: 8, b: 2 }[verb]);
    }
    return formatValue(value);
  });
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, one]) => `${key}: ${formatValue(one)}`)
      .join(", ")}}`;
  }
  return String(value);
}

class PatchNamespace {}

function registerUrls(environment: Environment): void {
  environment
    .registerType("kubernetes.URL", { ctor: Url, fields: {} })
    .registerType("PatchNamespace", { ctor: PatchNamespace, fields: {} })
    .registerConstant("jsonpatch", "PatchNamespace", new PatchNamespace())
    .registerFunction("PatchNamespace.escapeKey(string): string", (_: unknown, key: string) =>
      key.replaceAll("~", "~0").replaceAll("/", "~1"),
    )
    .registerFunction("isURL(string): bool", (text: string) => URL.canParse(text))
    .registerFunction("kubernetes.URL.getQuery(): map<string, list<string>>", ({ url }: Url) => {
      const names = [...new Set(url.searchParams.keys())];
      return Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name)]));
    })
    .registerOperator("kubernetes.URL == kubernetes.URL", (a: Url, b: Url) => a.url.href === b.url.href)
    .registerFunction("url(string): kubernetes.URL", (text: string) => new Url(text))
    .registerFunction("kubernetes.URL.getScheme(): string", ({ url }: Url) => url.protocol.replace(/:$/, ""))
    .registerFunction("kubernetes.URL.getHost(): string", ({ url }: Url) => url.host)
    .registerFunction("kubernetes.URL.getHostname(): string", ({ url }: Url) => url.hostname)
    .registerFunction("kubernetes.URL.getPort(): string", ({ url }: Url) => url.port)
    .registerFunction("kubernetes.URL.getEscapedPath(): string", ({ url }: Url) => url.pathname);
}
