import { expect, it } from "vitest";
import { compile } from "../expressions/cel.ts";
import { estimateCost } from "./rule-cost.ts";
import type { JsonSchema } from "./schema.ts";

const text: JsonSchema = { type: "string" };
const list = (items: JsonSchema, maxItems?: number): JsonSchema => ({
  type: "array",
  items,
  ...(maxItems === undefined ? {} : { maxItems }),
});
const map = (additionalProperties: JsonSchema): JsonSchema => ({ type: "object", additionalProperties });
const of = (type: string, format?: string): JsonSchema => ({ type, ...(format === undefined ? {} : { format }) });
const required: JsonSchema = { type: "object", required: ["required"], properties: { required: text } };

// The numbers are those of apiextensions-apiserver's cost estimation.
it.each<[string, JsonSchema, number]>([
  ["self.all(x, true)", list(of("number")), 4718591],
  ["self.all(x, true)", list(of("number"), 10), 32],
  ["self.all(x, true)", list(text), 3145727],
  ["self.all(x, true)", list(of("boolean")), 1887437],
  ["self.all(x, true)", list(list(of("number"))), 3145727],
  ["self.all(x, true)", map(of("number")), 1348169],
  ["self.all(x, true)", map(text), 1179647],
  ["self.all(x, true)", list(of("string", "date-time")), 428963],
  ["self.all(x, true)", list(of("string", "duration")), 2359295],
  ["self.all(x, true)", list({ "x-kubernetes-int-or-string": true }), 4718591],
  ["self.all(x, self.all(y, true))", list(of("number"), 10), 352],
  ["self.all(x, self.all(y, self.all(z, true)))", list(of("number"), 10), 3552],
  ["self.all(x, x == 0.0)", list(of("number")), 6291454],
  ["self.all(x, x.contains(self[x]))", map(text), 2752507],
  ['self.all(x, x["y"].required == "z")', list(map(required)), 7340027],
  ["self.all(x, x.y == 25.2)", list(map(of("number"))), 6291452],
  ["self[1] == 0.0", list(of("number")), 2],
  ["self[1] == self[1]", list(text), 314577],
  ["self[0].x > 2.0", list(map(of("number"))), 4],
  ["self.contains('test')", text, 314574],
  ["self.contains('test')", { type: "string", maxLength: 10 }, 5],
  ["self.startsWith('test')", text, 2],
  ['size(self + "hello") > size("hello")', text, 314578],
  ['self.matches("x")', text, 314574],
  ['"".matches("(((((((((())))))))))[0-9]")', text, 7],
  ["self.find('[0-9]+') == ''", text, 629147],
  ["self.join(' ') == 'aa bb'", list(text), 329853068905],
  ["self.isSorted() == true", list(text), 329854432052],
  ["self.lowerAscii() == 'lower!'", text, 314575],
  ["oldSelf.size() == self.size()", map(of("integer")), 5],
  ['self["a"] == self["b"]', map(of("string", "date-time")), 8],
])("%s on %j costs %d", (rule, schema, expected) => {
  expect(estimateCost(compile(rule, ["self", "oldSelf"]).tree, schema)).toBe(expected);
});
