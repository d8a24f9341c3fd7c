import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepEqual } from "../meta/accessors.ts";
import { JsonLimitError, maximumDepth, parseForeignJson, parseOwnJson } from "./json.ts";

const foreign = (text: string): unknown => parseForeignJson(text).value;

describe.each([
  ["parseOwnJson", parseOwnJson],
  ["parseForeignJson", foreign],
])("%s", (_, parse) => {
  it.each([
    ["9007199254740991", 2 ** 53 - 1],
    ["9007199254740993", 9007199254740993n],
    ["-9007199254740993", -9007199254740993n],
    ["9223372036854775807", 2n ** 63n - 1n],
    ["-9223372036854775808", -(2n ** 63n)],
    ["9223372036854775808", 2 ** 63],
    ["123456789012345678901234567890", 1.2345678901234568e29],
    ["-0", -0],
    ["1e3", 1000],
    ["1000000000000000000.0", 1e18],
    ["0.12500000000000000000", 0.125],
    ['"9007199254740993"', "9007199254740993"],
    ['"a\\\\":9007199254740993"', undefined],
    [
      '{"a":[9007199254740993,"\\" 9007199254740993",-9007199254740995],"__proto__":9007199254740993}',
      JSON.parse('{"a":[0,"\\" 9007199254740993",1],"__proto__":2}', (_key, value) =>
        value === 0 ? 9007199254740993n : value === 1 ? -9007199254740995n : value === 2 ? 9007199254740993n : value,
      ),
    ],
  ])("reads %s", (text, expected) => {
    if (expected === undefined) expect(() => parse(text)).toThrow(SyntaxError);
    else expect(parse(text)).toStrictEqual(expected);
  });

  it("gives back what JSON.stringify wrote, to the last digit", () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const long = int64.map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
    const json = fc.letrec((tie) => ({
      value: fc.oneof(long, fc.string(), fc.boolean(), fc.constant(null), tie("list"), tie("map")),
      list: fc.array(tie("value"), { maxLength: 4 }),
      map: fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
    })).value;
    fc.assert(
      fc.property(json, fc.boolean(), (value, large) => {
        const whole = large ? [value, "x".repeat(70_000), '"\\"'.repeat(600)] : value;
        const text = JSON.stringify(whole);
        expect(JSON.stringify(parse(text))).toBe(text);
        expect(deepEqual(parse(text), JSON.parse(text))).toBe(deepEqual(whole, JSON.parse(text)));
      }),
    );
  });
});

describe("parseForeignJson", () => {
  it.each(["1e400", "[-1e400]", "9".repeat(400)])("refuses %s, which no float64 holds", (text) => {
    expect(() => foreign(text)).toThrow(JsonLimitError);
    expect(() => foreign(text)).toThrow(/^json: cannot unmarshal number .* into Go value of type float64$/);
  });

  it("refuses what is nested too deep", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(foreign(nested(maximumDepth))).toBeDefined();
    expect(() => foreign(nested(maximumDepth + 1))).toThrow("exceeded max depth");
    expect(() => foreign(nested(1_000_000))).toThrow("exceeded max depth");
    expect(foreign(JSON.stringify(nested(maximumDepth + 1)))).toBe(nested(maximumDepth + 1));
  });
});
