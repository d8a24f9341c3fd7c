import { describe, expect, it } from "vitest";
import { defineKind, type KindDefinition } from "../kind.ts";
import { parseIncludeObject, renderTable } from "./render-table.ts";

const base = {
  group: "",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  singular: "widget",
  namespaced: true,
  verbs: [],
  subresources: [],
  schemas: {},
  schemaName: "",
} as const satisfies KindDefinition;
const object = { metadata: { name: "a", creationTimestamp: "2026-01-01T00:00:00Z" }, size: 3 };

describe("renderTable", () => {
  it("gives kinds without columns a name and a time", () => {
    const table = renderTable(base, [object], { now: 0, metadata: { resourceVersion: "7" } });
    expect(table).toMatchObject({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1",
      metadata: { resourceVersion: "7" },
      columnDefinitions: [
        { name: "Name", format: "name", priority: 0 },
        { name: "Created At", type: "date", format: "" },
      ],
      rows: [
        { cells: ["a", "2026-01-01T00:00:00Z"], object: { kind: "PartialObjectMetadata", metadata: object.metadata } },
      ],
    });
  });

  it("renders a kind's own columns and includes what is asked for", () => {
    const kind = defineKind<typeof object>({
      ...base,
      columns: [
        { name: "Size", type: "integer", value: ({ size }) => size },
        { name: "Ago", type: "string", priority: 1, value: (_, now) => `${now}ms` },
        { name: "None", type: "string", value: () => undefined },
      ],
    });
    const rows = (include: "None" | "Object"): unknown =>
      renderTable(kind, [object], { now: 5, include, headers: false });
    expect(rows("Object")).toMatchObject({ columnDefinitions: null, rows: [{ cells: [3, "5ms", null], object }] });
    expect(rows("None")).toMatchObject({ rows: [{ object: null }] });
  });

  it("refuses an unknown includeObject", () => {
    expect(parseIncludeObject(null)).toBe("Metadata");
    expect(() => parseIncludeObject("All")).toThrow('unrecognized includeObject value: "All"');
  });
});
