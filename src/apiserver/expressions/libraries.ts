/** Functions that Kubernetes adds to CEL: lists, regular expressions, strings, sets, quantities, URLs and addresses. */
import { isIP } from "node:net";
import type { Environment } from "@marcbachmann/cel-js";
import { compareQuantities, isQuantity } from "./quantities.ts";

type Comparable = bigint | number | string;

const compare = (a: Comparable, b: Comparable): number => (a < b ? -1 : a > b ? 1 : 0);

class Quantity {
  readonly text: string;
  constructor(text: string) {
    if (!isQuantity(text)) throw new Error("quantities must match the regular expression");
    this.text = text;
  }
}

class Url {
  readonly url: URL;
  constructor(text: string) {
    this.url = new URL(text);
  }
}

export function registerLibraries(environment: Environment): void {
  registerLists(environment);
  registerStrings(environment);
  registerSets(environment);
  registerQuantities(environment);
  registerUrls(environment);
}

function registerLists(environment: Environment): void {
  environment
    .registerFunction("list<dyn>.isSorted(): bool", (list: Comparable[]) =>
      list.every((item, index) => index === 0 || compare(list[index - 1] as Comparable, item) <= 0),
    )
    .registerFunction("list<dyn>.sum(): dyn", (list: (bigint | number)[]) =>
      list.length === 0 ? 0n : list.reduce((total, item) => ((total as number) + (item as number)) as number),
    )
    .registerFunction("list<dyn>.min(): dyn", (list: Comparable[]) => extreme(list, -1, "min"))
    .registerFunction("list<dyn>.max(): dyn", (list: Comparable[]) => extreme(list, 1, "max"))
    .registerFunction("list<dyn>.indexOf(dyn): int", (list: unknown[], item: unknown) => BigInt(list.indexOf(item)))
    .registerFunction("list<dyn>.lastIndexOf(dyn): int", (list: unknown[], item: unknown) =>
      BigInt(list.lastIndexOf(item)),
    );
}

function extreme(list: readonly Comparable[], sign: number, name: string): Comparable {
  const [first, ...rest] = list;
  if (first === undefined) throw new Error(`${name} called on empty list`);
  return rest.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best), first);
}

function registerStrings(environment: Environment): void {
  environment
    .registerFunction("string.replace(string, string): string", (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    )
    .registerFunction("string.find(string): string", (text: string, pattern: string) =>
      (new RegExp(pattern).exec(text)?.[0] ?? "").toString(),
    )
    .registerFunction("string.findAll(string): list<string>", (text: string, pattern: string) => [
      ...(text.match(new RegExp(pattern, "g")) ?? []),
    ])
    .registerFunction("string.charAt(int): string", (text: string, index: bigint) => text.charAt(Number(index)))
    .registerFunction("string.reverse(): string", (text: string) => [...text].reverse().join(""))
    .registerFunction("string.format(list<dyn>): string", format);
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

function registerSets(environment: Environment): void {
  const has = (list: readonly unknown[], item: unknown): boolean => list.includes(item);
  environment
    .registerType("SetsNamespace", class SetsNamespace {})
    .registerFunction("string.isIP(): bool", (text: string) => isIP(text) !== 0)
    .registerFunction("isIP(string): bool", (text: string) => isIP(text) !== 0)
    .registerFunction("isURL(string): bool", (text: string) => URL.canParse(text))
    .registerFunction("isQuantity(string): bool", isQuantity)
    .registerFunction("list<dyn>.containsAll(list<dyn>): bool", (a: unknown[], b: unknown[]) =>
      b.every((item) => has(a, item)),
    );
}

function registerQuantities(environment: Environment): void {
  const order = (a: Quantity, b: Quantity): number => compareQuantities(a.text, b.text);
  environment
    .registerType("Quantity", { ctor: Quantity, fields: {} })
    .registerFunction("quantity(string): Quantity", (text: string) => new Quantity(text))
    .registerFunction("Quantity.isGreaterThan(Quantity): bool", (a: Quantity, b: Quantity) => order(a, b) > 0)
    .registerFunction("Quantity.isLessThan(Quantity): bool", (a: Quantity, b: Quantity) => order(a, b) < 0)
    .registerFunction("Quantity.compareTo(Quantity): int", (a: Quantity, b: Quantity) => BigInt(order(a, b)));
}

function registerUrls(environment: Environment): void {
  environment
    .registerType("Url", { ctor: Url, fields: {} })
    .registerFunction("url(string): Url", (text: string) => new Url(text))
    .registerFunction("Url.getScheme(): string", ({ url }: Url) => url.protocol.replace(/:$/, ""))
    .registerFunction("Url.getHost(): string", ({ url }: Url) => url.host)
    .registerFunction("Url.getHostname(): string", ({ url }: Url) => url.hostname)
    .registerFunction("Url.getPort(): string", ({ url }: Url) => url.port)
    .registerFunction("Url.getEscapedPath(): string", ({ url }: Url) => url.pathname);
}
