import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scaledValue } from "./int-or-string.ts";
import { parseQuantity, Quantity } from "./quantity.ts";

describe("parseQuantity", () => {
  it.each([
    ["0", "0"],
    ["000", "0"],
    ["0Mi", "0"],
    ["1", "1"],
    ["1000", "1k"],
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1.5", "1500m"],
    ["1.500", "1.500"],
    [".5", "500m"],
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["0.5Gi", "512Mi"],
    ["100Ki", "100Ki"],
    ["1000Ki", "1000Ki"],
    ["1Ki", "1Ki"],
    ["512", "512"],
    ["0.5Ki", "512"],
    ["1e3", "1e3"],
    ["12e6", "12e6"],
    ["1500e3", "1500e3"],
    ["10e3", "10e3"],
    ["100M", "100M"],
    ["1100M", "1100M"],
    ["1000M", "1G"],
    ["0.0000000001", "1n"],
    ["1.0000000001", "1000000001n"],
    ["-0.5", "-500m"],
    ["9Ei", "9223372036854775807"],
    ["1E", "1E"],
  ])("%s is %s", (text, canonical) => {
    expect(parseQuantity(text).toString()).toBe(canonical);
  });

  it.each([
    ["", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ["1x", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ["1mi", "unable to parse quantity's suffix"],
    ["1.2.3", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ])("refuses %j", (text, message) => {
    expect(() => parseQuantity(text)).toThrow(message);
  });

  it("calculates in the format of the first operand that is not zero", () => {
    expect(parseQuantity("100Mi").add(parseQuantity("1Gi")).toString()).toBe("1124Mi");
    expect(Quantity.of(0).add(parseQuantity("2Ki")).toString()).toBe("2Ki");
    expect(parseQuantity("1").subtract(parseQuantity("250m")).toString()).toBe("750m");
    expect(parseQuantity("1Gi").compare(parseQuantity("1G"))).toBe(1);
    expect(parseQuantity("100m").value()).toBe(1);
    expect(parseQuantity("1.2345").milliValue()).toBe(1235);
  });

  it("prints what it reads back as the same value", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
        fc.constantFrom("DecimalSI", "BinarySI", "DecimalExponent"),
        (nanos, format) => {
          const text = new Quantity(nanos, format).toString();
          expect(parseQuantity(text).nanos).toBe(nanos);
          expect(new Quantity(parseQuantity(text).nanos, parseQuantity(text).format).toString()).toBe(text);
        },
      ),
    );
  });
});

describe("scaledValue", () => {
  it.each([
    [3, 10, true, 3],
    ["25%", 10, true, 3],
    ["25%", 10, false, 2],
    ["0%", 10, true, 0],
  ])("%s of %s", (value, total, roundUp, expected) => {
    expect(scaledValue(value, total, roundUp)).toBe(expected);
  });

  it("refuses plain strings", () => {
    expect(() => scaledValue("5", 10, true)).toThrow(
      "invalid value for IntOrString: invalid type: string is not a percentage",
    );
  });
});

it("does not count in a million digits", () => {
  for (const digits of [
    "1".repeat(2_900_000),
    `0.${"0".repeat(2_900_000)}1`,
    `${"0".repeat(2_900_000)}x`,
    `1e${"9".repeat(5000)}`,
  ]) {
    expect(() => parseQuantity(digits)).toThrow("unable to parse");
  }
  expect(parseQuantity("1".repeat(1000)).sign).toBe(1);
});
