import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseYaml } from "./yaml.ts";

const read = async (text: string): Promise<unknown> => (await parseYaml(Buffer.from(text))).value;
const levels = (count: number): string =>
  Array.from({ length: count }, (_, level) => {
    const parts = level === 0 ? "x," : `*a${level - 1},`;
    return `a${level}: &a${level} [${parts.repeat(9)}x]`;
  }).join("\n");

describe("parseYaml", () => {
  it.each([
    ["a: 9007199254740993", { a: 9007199254740993n }],
    ["a: -9223372036854775808", { a: -(2n ** 63n) }],
    ["a: 0x7fffffffffffffff", { a: 2n ** 63n - 1n }],
    ["a: 18446744073709551616", { a: 2 ** 64 }],
    ["a: 0644\nb: 1_000\nc: 0b11\nd: 08", { a: 420, b: 1000, c: 3, d: 8 }],
    ["a: 1e3\nb: .5\nc: 1.\nd: 1e400", { a: 1000, b: 0.5, c: 1, d: "1e400" }],
    ["a: yes\nb: Off\nc: ~\nd: 'yes'\ne: !!str 5", { a: true, b: false, c: null, d: "yes", e: "5" }],
    ["1: a\ntrue: b\n__proto__: c", JSON.parse('{"1":"a","true":"b","__proto__":"c"}')],
    ["x: &x {a: 1, b: 1}\nz: {<<: *x, b: 2}", { x: { a: 1, b: 1 }, z: { a: 1, b: 2 } }],
    ["a: !tag x\nb: !!binary eA==\nc: 2026-01-01", { a: "x", b: "eA==", c: "2026-01-01" }],
    ["a: 1\n---\nb: 2", { a: 1 }],
    ["", null],
  ])("reads %j", async (text, expected) => {
    expect(await read(text)).toStrictEqual(expected);
  });

  it.each([
    ["a: *b", "yaml: unknown anchor 'b' referenced"],
    ["a: .nan", "json: unsupported value: NaN"],
    ["? [a]\n: b", "yaml: line 1: unsupported map key"],
    ["a: b\n c: d", "yaml: line 2: bad indentation of a mapping entry"],
    ["[".repeat(100_000), "yaml: exceeded max depth"],
    ["- ".repeat(20_000), "yaml: exceeded max depth"],
    ["a: &a [*a]", "yaml: exceeded max depth"],
    ["a: &a [*a, *a, *a]", "yaml: exceeded max depth"],
    [levels(8), "yaml: document contains excessive aliasing"],
  ])("refuses %j", async (text, message) => {
    const problem = `error converting YAML to JSON: ${message}`;
    await expect(read(text)).rejects.toMatchObject({ code: 400, message: problem });
  });

  it("repeats what an alias stands for, within reason", async () => {
    expect(await read("a: &a [1]\nb: [*a, *a]")).toEqual({ a: [1], b: [[1], [1]] });
    await expect(read(levels(4))).resolves.toBeDefined();
  });

  it("finds keys that are there twice, with their lines", async () => {
    const text = "a: 1\nb: {c: 1, c: 2}\nd:\n- {e: &x 1, f: *x, e: 2}\n- a: 1\na: 2\n";
    const { value, duplicates } = await parseYaml(Buffer.from(text), { duplicates: true });
    expect(value).toEqual({ a: 2, b: { c: 2 }, d: [{ e: 2, f: 1 }, { a: 1 }] });
    expect(duplicates).toEqual([
      'line 2: key "c" already set in map',
      'line 4: key "e" already set in map',
      'line 6: key "a" already set in map',
    ]);
  });

  it("tells keys apart, and where their values are, as Go's parser does", async () => {
    const lines = [
      "b:",
      "  c: d",
      "b:",
      "",
      "  c: d",
      "l:",
      "- x",
      "l:",
      "- x",
      "e:",
      "e:",
      "",
      "f: [1]",
      "f:",
      "  [1]",
    ];
    const others = [
      "h: |",
      "  t",
      "h: |",
      "  t",
      "j: &x 3",
      "k: *x",
      "k: *x",
      "1: 2",
      '"1": 2',
      "1: 3",
      "true: 1",
      "yes: 2",
    ];
    const keys = ["0x10: 1", "16: 3", '"q": 1', "'q': 1", "<<: *m", "<<: *m"];
    const text = ["m: &m {n: o}", ...lines, ...others, ...keys].join("\n");
    const { duplicates } = await parseYaml(Buffer.from(text), { duplicates: true });
    const expected = [
      [6, '"b"'],
      [10, '"l"'],
      [12, '"e"'],
      [16, '"f"'],
      [19, '"h"'],
      [23, '"k"'],
      [26, "1"],
    ];
    const more = [
      [28, "true"],
      [30, "16"],
      [32, '"q"'],
    ];
    expect(duplicates).toEqual(
      [...expected, ...more].map(([line, key]) => `line ${line}: key ${key} already set in map`),
    );
  });

  it("reads what this server writes", async () => {
    const text = fc.oneof(fc.string(), fc.constantFrom("yes", "y", "0644", "1_000", "~", "1e3", ".5", "0x1", "- a"));
    const number = fc.oneof(fc.integer(), fc.constantFrom(9007199254740993n, -(2n ** 63n), 1.5));
    const json = fc.letrec((tie) => ({
      value: fc.oneof(text, number, fc.boolean(), fc.constant(null), tie("list"), tie("map")),
      list: fc.array(tie("value"), { maxLength: 4 }),
      map: fc.dictionary(text, tie("value"), { maxKeys: 4 }),
    })).map;
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        expect(await read(stringify(value, { version: "1.1" }))).toEqual(value);
      }),
    );
  });
});
