import { expect, it } from "vitest";
import { normalizedFieldPath } from "./rule-field-path.ts";
import type { JsonSchema } from "./schema.ts";

const schema: JsonSchema = {
  type: "object",
  properties: {
    "a.b": { type: "object", additionalProperties: { type: "object", properties: { c: { type: "string" } } } },
    list: { type: "array", items: { type: "string" } },
  },
};

it.each([
  [".list", "list"],
  ["['a.b']['it\\'s'].c", "a.b[it's].c"],
  ["list", undefined],
  [".missing", undefined],
  [".list[0]", undefined],
  ["['a.b'].x.d", undefined],
  ["['\\q']", undefined],
])("%s is %s", (path, expected) => {
  expect(normalizedFieldPath(path, schema)).toBe(expected);
});
