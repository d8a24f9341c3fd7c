import { expect, it } from "vitest";
import { compile } from "./cel.ts";

it.each([
  ["has(self.list[0].a)", true],
  ["has(self.list[0].b) || 'has(x)' == ''", false],
  ["size(self.list) != 1 || !has(self.list[0].b) || self.list[0].b == 'x'", true],
  ["self.list.exists_one(f, has(f.a) && has(self.list[0].a))", true],
])("%s", (source, expected) => {
  expect(compile(source, ["self"]).evaluate({ self: { list: [{ a: "x" }] } })).toBe(expected);
});

it("refuses what is no field", () => {
  expect(() => compile("has(self[0])", ["self"])).toThrow("has() invalid argument");
});
