import { describe, expect, it } from "vitest";
import { compilePattern, PatternError, Work, WorkExceeded } from "./index.ts";

/** What Go 1.26's regexp gives: FindAllString with -1. */
const matches: readonly [string, string, readonly string[]][] = [
  ["a+", "caaat aa", ["aaa", "aa"]],
  ["(?U)a+", "caaat", ["a", "a", "a"]],
  ["a*", "baac", ["", "aa", ""]],
  ["a|ab", "ab", ["a"]],
  ["x*?", "xx", ["", "", ""]],
  ["$", "a\nb", [""]],
  ["(?m)$", "a\nb", ["", ""]],
  ["^b", "a\nb", []],
  ["(?m)^b", "a\nb", ["b"]],
  ["a.b", "a\nb", []],
  ["(?s)a.b", "a\nb", ["a\nb"]],
  ["b\\z", "b\nb", ["b"]],
  ["(?i)straße", "STRAßE STRASSE", ["STRAßE"]],
  ["(?i)k", "kK\u212a", ["k", "K", "\u212a"]],
  ["(?i:s)s", "ſs Ss SS", ["ſs", "Ss"]],
  ["[[:alpha:]]+", "ab1é", ["ab"]],
  ["[^[:digit:]]", "1é2", ["é"]],
  ["\\pL+", "aé1α", ["aé", "α"]],
  ["\\p{Greek}", "aα", ["α"]],
  ["\\d+", "12٣", ["12"]],
  ["\\w+", "aé_1", ["a", "_1"]],
  ["\\b", "é a", ["", ""]],
  ["\\Qa.b\\E", "a.b axb", ["a.b"]],
  ["^.$", "😀", ["😀"]],
  [".", "a😀", ["a", "😀"]],
  ["\\x{1F600}", "😀", ["😀"]],
  ["(?P<n>a)(?<n>b)", "ab", ["ab"]],
  ["[a-c]{2,3}", "abcab", ["abc", "ab"]],
  ["a{,2}", "a{,2}", ["a{,2}"]],
  ["[]a]+", "a]", ["a]"]],
];

/** Go's messages. */
const refused: readonly [string, string][] = [
  ["[", "missing closing ]: `[`"],
  ["(", "missing closing ): `(`"],
  ["a)", "unexpected ): `a)`"],
  ["a**", "invalid nested repetition operator: `**`"],
  ["*", "missing argument to repetition operator: `*`"],
  ["a{1001}", "invalid repeat count: `{1001}`"],
  ["(a{100}){100}", "invalid repeat count: `{100}`"],
  ["(?=a)", "invalid or unsupported Perl syntax: `(?=`"],
  ["(?<!a)b", "invalid named capture: `(?<!a)b`"],
  ["(a)\\1", "invalid escape sequence: `\\1`"],
  ["\\Z", "invalid escape sequence: `\\Z`"],
  ["[b-a]", "invalid character class range: `b-a`"],
  ["[[:nope:]]", "invalid character class range: `[:nope:]`"],
  ["\\p{Nope}", "invalid character class range: `\\p{Nope}`"],
  ["a\\", "trailing backslash at end of expression: ``"],
];

describe("compilePattern", () => {
  it.each(matches)("finds with %j in %j what Go finds", (source, text, all) => {
    const pattern = compilePattern(source);
    expect(pattern.findAll(text, -1)).toEqual(all);
    expect(pattern.findAll(text, 1)).toEqual(all.slice(0, 1));
    expect(pattern.find(text)).toBe(all[0]);
    expect(pattern.test(text)).toBe(all.length > 0);
  });

  it.each(refused)("refuses %j as Go does", (source, message) => {
    expect(() => compilePattern(source)).toThrow(new PatternError(`error parsing regexp: ${message}`));
  });

  it.each([
    "(a{1000}){1000}",
    "(?:ab?c{2}){1000}".repeat(20),
    "((a?b?c?d?){30}){30}".repeat(20),
    "\\pL".repeat(500),
    "a".repeat(40_000),
  ])("refuses a program that is too large to be made at once, %#", (source) => {
    expect(() => compilePattern(source)).toThrow(PatternError);
  });
});

describe("work", () => {
  it.each([
    ["^(a+)+$", `${"a".repeat(5_000)}!`],
    ["(x+x+)+y", "x".repeat(5_000)],
    ["(.*)(.*)(.*)(.*)(.*)[z]", "a".repeat(5_000)],
    [
      "^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
      "a".repeat(5_000),
    ],
    ["(a?){50}a{50}b", "a".repeat(500)],
  ])("of %j is linear", (source, text) => {
    const pattern = compilePattern(source);
    expect(pattern.test(text)).toBe(false);
    expect(pattern.find(text)).toBeUndefined();
    expect(pattern.findAll(text, -1)).toEqual([]);
  });

  it.each([
    ["in the simulation", "(.{0,500})(.{0,500})z", (text: string) => `${text}y`, "find"],
    ["in the automaton", "(.{0,900})(.{0,900})(.{0,900})z", (text: string) => text.replace(/.{7}/g, "$&é"), "test"],
    ["in many small matches", "(a.*z|a)", (text: string) => text, "findAll"],
  ] as const)("is counted %s", (_, source, textOf, method) => {
    const pattern = compilePattern(source);
    const text = textOf("a".repeat(100_000));
    const run = (): unknown => (method === "findAll" ? pattern.findAll(text, -1) : pattern[method](text));
    expect(run).toThrow(WorkExceeded);
    // What was cut off leaves nothing behind.
    expect(run).toThrow(WorkExceeded);
    expect(pattern.find("aaz")).toBe("aaz");
  });

  it("is shared by the matches of one account", () => {
    const pattern = compilePattern("^[a-z]*$");
    const work = new Work(1_000_000);
    expect(pattern.test("a".repeat(200_000), work)).toBe(true);
    expect(() => pattern.test("a".repeat(200_000), work)).toThrow(WorkExceeded);
    expect(pattern.test("a".repeat(200_000))).toBe(true);
  });

  it("is enough for an ordinary pattern on the largest body", () => {
    expect(compilePattern("^(?:[A-Za-z0-9+/]{4})*={0,2}$").test("abcd".repeat(750_000))).toBe(true);
  });
});
