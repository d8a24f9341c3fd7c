import { expect, it } from "vitest";
import { StatusError } from "../../machinery/errors/status-error.ts";
import { applySchemaDefaults } from "./defaulting.ts";
import type { JsonSchema } from "./schema.ts";

const item = (value: unknown): JsonSchema =>
  ({ type: "object", properties: { field: { type: "string", default: value } } }) as JsonSchema;
const listOf = (items: JsonSchema): JsonSchema => ({ type: "array", items });

it("fills defaults into every item", () => {
  const list = [{}, { field: "own" }, { field: null }];
  applySchemaDefaults(list, listOf(item("given")));
  expect(list).toEqual([{ field: "given" }, { field: "own" }, { field: "given" }]);
});

it("refuses to make more of them than can be stored", () => {
  const list = Array.from({ length: 100_000 }, () => ({}));
  expect(() => applySchemaDefaults(list, listOf(item("x".repeat(100_000))))).toThrow(StatusError);
  const small = Array.from({ length: 100_000 }, () => ({}));
  applySchemaDefaults(small, listOf(item("given")));
  expect(small.at(-1)).toEqual({ field: "given" });
});
