import { describe, expect, it } from "vitest";
import { CompileError, compile } from "./cel.ts";

const evaluate = (source: string, self: unknown = {}): unknown => compile(source, ["self"]).evaluate({ self });
const catastrophic = `${"a".repeat(5_000)}!`;

describe("regular expressions in CEL", () => {
  it.each([
    "'abc'.matches('b') && !'abc'.matches('^b')",
    "'a\\nb'.matches('(?m)^b$') && !'a\\nb'.matches('a$')",
    "'ABC'.matches('(?i)^abc$') && 'é1'.matches('^\\\\pL[[:digit:]]$')",
    "dyn('abc').matches('b') && ['x1', 'y2'].all(s, s.matches('[0-9]'))",
    "'abc'.matches(self.pattern) && dyn(self.pattern).matches(dyn('b'))",
    "'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]') == ''",
    "'123 abc 456'.findAll('[0-9]+') == ['123', '456'] && 'a1b2'.findAll('[0-9]', 1) == ['1']",
    "'a'.findAll('x') == [] && 'aa'.findAll('(?U)a+') == ['a', 'a']",
  ])("%s", (source) => {
    expect(evaluate(source, { pattern: "b" })).toBe(true);
  });

  it.each([
    ["'a'.matches('(?=a)')", "compilation failed: ERROR: <input>:1:1: invalid matches argument"],
    ["'a'.find('[')", "program instantiation failed: error parsing regexp: missing closing ]: `[`"],
    [
      "self.all(x, x.findAll('a**').size() > 0)",
      "program instantiation failed: error parsing regexp: invalid nested repetition operator: `**`",
    ],
  ])("%s does not compile", (source, detail) => {
    let said: unknown;
    try {
      compile(source, ["self"]);
    } catch (error) {
      said = error;
    }
    expect(said).toBeInstanceOf(CompileError);
    expect((said as CompileError).detail).toBe(detail);
  });

  it.each([
    ["'a'.matches(self.p)", "error parsing regexp: missing closing ]: `[`"],
    ["'a'.find(self.p) == ''", "Illegal regex: error parsing regexp: missing closing ]: `[`"],
  ])("%s fails", (source, message) => {
    expect(() => evaluate(source, { p: "[" })).toThrow(message);
  });

  it.each(["self.matches('^(a+)+$')", "self.find('(a+)+$') != ''", "self.findAll('(a|a)*$').size() > 1"])(
    "%s takes linear time",
    (source) => {
      expect(evaluate(source, catastrophic)).toBe(false);
    },
  );
});
