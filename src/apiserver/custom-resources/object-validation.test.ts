import { describe, expect, it } from "vitest";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { objectValidationOf } from "./object-validation.ts";
import type { JsonSchema } from "./schema.ts";

const meta = { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "a" } };
const thing = (fields: object): UnknownObject => ({ ...meta, ...fields }) as UnknownObject;
const withRule = (rule: string, more: object = {}): JsonSchema =>
  ({ type: "string", "x-kubernetes-validations": [{ rule, ...more }] }) as JsonSchema;

/** The same field at every place where a value may have a past, or none. */
function schemaWith(field: JsonSchema): JsonSchema {
  const struct: JsonSchema = { type: "object", properties: { field, other: { type: "string" } } };
  const keyed: JsonSchema = { ...struct, properties: { key: { type: "string" }, ...struct.properties } };
  return {
    type: "object",
    properties: {
      field,
      struct,
      map: { type: "object", additionalProperties: struct },
      list: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["key"],
        items: keyed,
      },
      set: { type: "array", "x-kubernetes-list-type": "set", items: field },
      atomic: { type: "array", items: struct },
    },
  };
}

const before = {
  field: "old",
  struct: { field: "old" },
  map: { "a.b": { field: "old" } },
  list: [
    { key: "x", field: "old" },
    { key: "y", field: "old" },
  ],
  set: ["old"],
  atomic: [{ field: "old" }],
};

function update(schema: JsonSchema, old: object, now: object): { fields: string[]; warnings: string[] } {
  const warnings: string[] = [];
  const errors = objectValidationOf(schema).update(thing(now), thing(old), (message) => warnings.push(message));
  return { fields: errors.map(({ field }) => field), warnings };
}

describe.each([
  ["schema", { type: "string", enum: ["new"] } as JsonSchema],
  ["rule", withRule("self == 'new'")],
])("errors of a %s that is stricter than the object before", (kind, field) => {
  const schema = schemaWith(field);
  const under = (place: string): string => (kind === "rule" ? `map[${place}]` : `map.${place}`);

  it("do not keep the unchanged from being stored again", () => {
    expect(update(schema, before, before).fields).toEqual([]);
    const [x, y] = before.list;
    const around = { ...before, list: [y, { ...x, other: "1" }], struct: { field: "old", other: "1" } };
    expect(update(schema, before, around).fields).toEqual([]);
  });

  it("stay where a value is new, or cannot be told from the others", () => {
    const changed = {
      field: "bad",
      struct: { field: "bad" },
      map: { "a.b": { field: "bad" }, c: { field: "old" } },
      list: [...before.list, { key: "z", field: "old" }],
      set: ["old", "new"],
      atomic: [{ field: "old" }, { field: "new" }],
    };
    const { fields } = update(schema, before, changed);
    const expected = ["field", "struct.field", `${under("a.b")}.field`, `${under("c")}.field`, "list[2].field"];
    expect(fields.filter((one) => one !== "<nil>").sort()).toEqual([...expected, "set[0]", "atomic[0].field"].sort());
  });

  it("are told on creation", () => {
    const errors = objectValidationOf(schema).create(thing({ struct: { field: "old" } }));
    expect(errors.map(({ field: name }) => name)).toContain("struct.field");
  });

  it("in the rest do not matter to the status, nor those in an unchanged status", () => {
    const whole: JsonSchema = { type: "object", properties: { spec: schema, status: schema } };
    const old = { spec: { field: "old" }, status: { field: "old" } };
    const validate = (status: object): string[] =>
      objectValidationOf(whole)
        .updateStatus(thing({ ...old, status }), thing(old), () => undefined)
        .map(({ field: name }) => name);
    expect(validate({ field: "old", struct: { field: "new" } })).toEqual([]);
    expect(validate({ field: "bad" })).toContain("status.field");
  });
});

describe("rules", () => {
  it("warn of what they let through", () => {
    const schema = schemaWith(withRule("self == 'new'"));
    const { warnings } = update(schema, { field: "old" }, { field: "old", struct: { field: "new" } });
    expect(warnings).toEqual(["field: Invalid value: \"old\": failed rule: self == 'new'"]);
  });

  it("about changes are kept, and only asked of what has a past", () => {
    const schema = schemaWith(withRule("self != oldSelf"));
    expect(update(schema, { field: "old" }, { field: "old", struct: { field: "old" } }).fields).toEqual(["field"]);
  });

  it("with optionalOldSelf see whether there was a past", () => {
    const schema = schemaWith(withRule("oldSelf.hasValue() && self != oldSelf.value()", { optionalOldSelf: true }));
    expect(objectValidationOf(schema).create(thing({ field: "a" }))).toHaveLength(1);
    expect(update(schema, { field: "a" }, { field: "b" }).fields).toEqual([]);
    expect(update(schema, { field: "a" }, { field: "a" }).fields).toEqual(["field"]);
  });

  it("share what an object may cost, and stop when it is spent", () => {
    const loops = Array.from({ length: 30 }, () => ({ rule: "self.all(x, self.all(y, x == y))" }));
    const schema: JsonSchema = {
      type: "object",
      properties: { list: { type: "array", items: { type: "integer" }, "x-kubernetes-validations": loops } },
    };
    const errors = objectValidationOf(schema).create(thing({ list: Array.from({ length: 400 }, () => 1) }));
    expect(errors.map(({ detailMessage }) => detailMessage)).toEqual([
      expect.stringContaining("validation failed due to running out of cost budget"),
    ]);
  });
});

it("lists with duplicates may stay as they are", () => {
  const schema = schemaWith({ type: "string" });
  expect(update(schema, { set: ["a", "a"] }, { set: ["a", "a", "b"] }).fields).toEqual([]);
  expect(update(schema, { set: ["a"] }, { set: ["a", "a"] }).fields).toEqual(["set[1]"]);
});

describe("patterns", () => {
  const withPattern = (pattern: string): JsonSchema => ({
    type: "object",
    properties: { field: { type: "string", pattern } },
  });
  const messagesOf = (pattern: string, field: string): string[] =>
    objectValidationOf(withPattern(pattern))
      .create(thing({ field }))
      .map(({ message }) => message);

  it("are RE2, in linear time", () => {
    expect(messagesOf("^(a+)+$", "a".repeat(5_000))).toEqual([]);
    expect(messagesOf("^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!")).toEqual([
      `field: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!": field in body should match '^(a+)+$'`,
    ]);
    expect(messagesOf("(?i)^[[:alpha:]]\\z", "É")).toHaveLength(1);
    expect(messagesOf("(?i)^\\pL\\z", "É")).toEqual([]);
  });

  it("that are none, in schemas of before, refuse every value", () => {
    expect(messagesOf("(?=a)", "a")).toEqual([
      `field: Invalid value: "a": field in body should match '(?=a), but pattern is invalid: error parsing regexp: invalid or unsupported Perl syntax: \`(?=\`'`,
    ]);
  });

  it("share one account of work, however many values there are", () => {
    const items = { type: "string", pattern: "(.{0,300})(.{0,300})(.{0,300})z" };
    const schema = { type: "object", properties: { list: { type: "array", items } } } as JsonSchema;
    const list = Array.from({ length: 500 }, (_, index) => `${"aé".repeat(200 + (index % 7))}${index}`);
    expect(
      objectValidationOf(schema)
        .create(thing({ list }))
        .map(({ message }) => message),
    ).toEqual([
      '<nil>: Invalid value: "": the patterns of the schema cannot be checked: matching the regular expression takes too long',
    ]);
  });
});

describe("values that many parts of a schema look at", () => {
  const withSpec = (spec: object): JsonSchema => ({ type: "object", properties: { spec } }) as JsonSchema;

  it("are asked once for each of nested alternatives", () => {
    for (const logic of ["anyOf", "oneOf"]) {
      let nested: object = { minLength: 5 };
      for (let level = 0; level < 100; level++) nested = { [logic]: [nested, { minLength: 6 }] };
      const errors = objectValidationOf(withSpec({ type: "string", ...nested })).create(thing({ spec: "a" }));
      expect(errors).toHaveLength(101);
      expect(errors[0]?.message).toBe('spec: Invalid value: "a": spec in body should be at least 5 chars long');
    }
  });

  it("have a thousand errors at most", () => {
    const rule = { rule: "self.startsWith('a')" };
    const items = { type: "string", "x-kubernetes-validations": [rule] };
    const schema = withSpec({ type: "object", additionalProperties: { type: "array", items } });
    const list = (value: unknown): unknown[] => Array<unknown>(200_000).fill(value);
    for (const value of ["b", 1]) {
      const errors = objectValidationOf(schema).create(thing({ spec: { a: list(value), b: list(value) } }));
      expect(errors.length).toBeGreaterThanOrEqual(1_000);
      expect(errors.length).toBeLessThan(1_100);
    }
  });

  it("are looked up in long enumerations", () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `name-${index}`);
    const schema = withSpec({ type: "array", items: { type: "string", enum: names } });
    expect(objectValidationOf(schema).create(thing({ spec: names }))).toEqual([]);
    expect(objectValidationOf(schema).create(thing({ spec: ["name"] }))).toHaveLength(1);
  });
});
