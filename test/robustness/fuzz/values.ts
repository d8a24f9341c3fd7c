/** Values that no field expects, and texts around the borders of what names, selectors and numbers may be. */
import type { Random } from "./random.ts";

/** JSON as it goes over the wire, which no value of this language is: `1e400`, duplicate keys, 64 bits. */
export class RawText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export const oddTexts: readonly string[] = [
  "",
  " ",
  "a",
  "-",
  "..",
  "/",
  "a/b",
  "A_b.c",
  "é☃𝒳",
  "\u0000",
  "\ud800",
  "\n",
  "%2e%2e",
  "null",
  "true",
  "0",
  "-1",
  "1.5",
  "1e999",
  "99999999999999999999999",
  "9223372036854775808",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "$ref",
  "{{",
  "$(A)",
  "$patch",
  "10.0.0.1",
  "10.0.0.0/8",
  "::1",
  "fe80::1%eth0",
  "300.1.1.1",
  "1Ki",
  "1e3",
  "-5",
  "0.0000000001",
  "1.5.6",
  "100%",
  "-1%",
  "150%",
  "2026-01-01T00:00:00Z",
  "2026-13-01",
  "0000-00-00T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "* * * * *",
  "@every 1h",
  "* * 31 2 *",
  "a=b",
  "a in (b)",
  "!",
  ",",
  "(",
  "[a-",
  "^(a+)+$",
  "self.x",
  "object.spec.replicas > 1",
  "https://a.example:99999/\\",
  "Zm9v",
  "Zm9",
  "=",
];

export function oddText(random: Random): string {
  if (random.chance(0.05))
    return random.pick(["a", "-", ".", "é", "1", "("]).repeat(random.pick([64, 254, 1025, 20_000]));
  return random.pick(oddTexts);
}

const numbers: readonly unknown[] = [
  0,
  1,
  -1,
  65535,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 53,
  9007199254740993n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  1.5,
  -0.1,
  1e-7,
  1e21,
];
const raws = ["1e400", "-1e400", "1.0", "1e3", "9223372036854775808", "123456789012345678901234567890", "-0"].map(
  (text) => new RawText(text),
);

/** A value of any type, at times a large or a deep one. */
export function oddValue(random: Random): unknown {
  switch (random.below(12)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
    case 3:
      return random.pick(numbers);
    case 4:
      return random.pick(raws);
    case 5:
      return random.pick([[], {}, [null], [[]], [{}], { "": null }, { a: null }, [null, {}, ""]]);
    case 6:
      return { [oddText(random)]: oddValue(random) };
    case 7:
      return [oddValue(random), oddValue(random)];
    case 8:
      return random.chance(0.05) ? nested(random, random.pick([100, 499, 600, 12_000])) : oddText(random);
    default:
      return oddText(random);
  }
}

function nested(random: Random, depth: number): unknown {
  const [open, close] = random.chance(0.5) ? ["[", "]"] : ['{"a":', "}"];
  return new RawText(open.repeat(depth) + (open === "[" ? "" : "1") + close.repeat(depth));
}

/** The text of a value; RawText as it is. */
export function wireText(value: unknown): string {
  if (value instanceof RawText) return value.text;
  if (Array.isArray(value)) return `[${value.map(wireText).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${wireText(member)}`).join(",")}}`;
}
