import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatFieldSelector, matchesFields, parseFieldSelector } from "./field-selector.ts";
import { labelSelectorFromObject, parseLabelSelector } from "./label-selector.ts";

describe("parseLabelSelector", () => {
  it.each([
    ["a=b", "a=b"],
    [" a == b , c", "a==b,c"],
    ["x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z notin ()"],
    ["!c,a!=", "!c,a!="],
    ["n>5,m<3", "m<3,n>5"],
    ["a in (in, notin)", "a in (in,notin)"],
    ["", ""],
  ])("reads %j", (text, canonical) => {
    const sorted = canonical === "!c,a!=" ? "a!=,!c" : canonical;
    expect(parseLabelSelector(text).toString()).toBe(sorted);
  });

  it.each([
    ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    [",", "found ',', expected: !, identifier, or 'end of string'"],
    ["a,", "found '', expected: identifier after ','"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["/x", 'unable to parse requirement: <nil>: Invalid value: "/x": prefix part must be non-empty'],
    [
      "a>x",
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])("refuses %j as kube-apiserver does", (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ message, code: 400 }));
  });

  it.each([
    ["a=1", { a: "1" }, true],
    ["a=1", {}, false],
    ["a!=1", {}, true],
    ["a notin (1,2)", { a: "3" }, true],
    ["a", { a: "" }, true],
    ["!a", { a: "" }, false],
    ["a>10", { a: "9" }, false],
    ["a>10", { a: "11" }, true],
    ["a>10", { a: "x" }, false],
    ["toString", {}, false],
  ])("%j on %j is %s", (text, labels, expected) => {
    expect(parseLabelSelector(text).matches(labels as Record<string, string>)).toBe(expected);
  });

  it("reads back its own text", () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,6}$/);
    const term = fc.oneof(
      fc.tuple(word, fc.constantFrom("=", "==", "!="), word).map(([key, operator, value]) => key + operator + value),
      fc
        .tuple(word, fc.constantFrom("in", "notin"), fc.array(word, { minLength: 1, maxLength: 4 }))
        .map(([key, operator, values]) => `${key} ${operator} (${values.join(",")})`),
      word.map((key) => `!${key}`),
    );
    fc.assert(
      fc.property(fc.array(term, { maxLength: 5 }), (terms) => {
        const text = parseLabelSelector(terms.join(",")).toString();
        expect(parseLabelSelector(text).toString()).toBe(text);
      }),
    );
  });
});

describe("labelSelectorFromObject", () => {
  it("matches nothing without a selector and all with an empty one", () => {
    expect(labelSelectorFromObject(undefined).matches({})).toBe(false);
    expect(labelSelectorFromObject({}).matches({ a: "b" })).toBe(true);
  });

  it("joins labels and expressions", () => {
    const selector = labelSelectorFromObject({
      matchLabels: { app: "web" },
      matchExpressions: [{ key: "tier", operator: "In", values: ["a", "b"] }],
    });
    expect(selector.matches({ app: "web", tier: "b" })).toBe(true);
    expect(selector.matches({ app: "web" })).toBe(false);
  });
});

describe("parseFieldSelector", () => {
  it("reads escapes and operators, sorted by term", () => {
    const selector = parseFieldSelector("spec.x!=b\\,c,metadata.name==a");
    expect(selector.requirements).toEqual([
      { field: "metadata.name", operator: "=", value: "a" },
      { field: "spec.x", operator: "!=", value: "b,c" },
    ]);
    expect(parseFieldSelector(formatFieldSelector(selector))).toEqual(selector);
    expect(matchesFields(selector, (field) => (field === "metadata.name" ? "a" : "z"))).toBe(true);
  });

  it.each([
    ["a", "invalid selector: 'a'; can't understand 'a'"],
    ["a=b=c", "invalid field selector: unescaped character in value: 61"],
    ["a=\\x", "invalid field selector: invalid escape sequence: \\x"],
  ])("refuses %j", (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(expect.objectContaining({ message, code: 400 }));
  });
});
