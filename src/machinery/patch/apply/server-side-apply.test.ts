import fc from "fast-check";
import { describe, expect, it } from "vitest";
import json from "../../../kinds/generated/schema.json" with { type: "json" };
import { deepFreeze } from "../../meta/accessors.ts";
import type { UnknownObject } from "../../meta/object.ts";
import { arbitraryObject } from "../../schema/arbitrary-object.ts";
import type { SchemaTable } from "../../schema/types.ts";
import { FieldSet, type FieldsV1, formatPath, keyElement } from "./field-set.ts";
import { applyConfiguration, trackUpdate, type WriteBy } from "./server-side-apply.ts";
import { shapeOfType } from "./shape.ts";
import { compare, merge, toFieldSet } from "./typed-value.ts";

const schemas = json as unknown as SchemaTable;
const typeName = "io.k8s.api.apps.v1.Deployment";
const type = { apiVersion: "apps/v1", kind: "Deployment" };
const by = (manager: string): WriteBy => ({
  schemas,
  typeName,
  apiVersion: "apps/v1",
  manager,
  time: "2026-01-01T00:00:00Z",
});
const apply = (
  live: UnknownObject | undefined,
  manager: string,
  fields: object,
  force = false,
): UnknownObject | undefined =>
  applyConfiguration(deepFreeze(live), deepFreeze({ ...type, ...fields }), { ...by(manager), force });
const containers = (...list: object[]): object => ({ spec: { template: { spec: { containers: list } } } });

describe("applyConfiguration", () => {
  it("merges list items by key and records who owns what", () => {
    const first = apply(undefined, "a", containers({ name: "web", image: "1", ports: [{ containerPort: 80 }] }));
    expect(first?.metadata?.managedFields).toEqual([
      {
        manager: "a",
        operation: "Apply",
        apiVersion: "apps/v1",
        time: "2026-01-01T00:00:00Z",
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:spec": {
            "f:template": {
              "f:spec": {
                "f:containers": {
                  'k:{"name":"web"}': {
                    ".": {},
                    "f:image": {},
                    "f:name": {},
                    "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
                  },
                },
              },
            },
          },
        },
      },
    ]);
    const second = apply(first, "b", containers({ name: "sidecar", image: "2" }));
    expect(second).toMatchObject(containers({ name: "web", image: "1" }, { name: "sidecar", image: "2" }));
  });

  it("refuses to change what others own, unless forced", () => {
    const live = apply(undefined, "a", { spec: { replicas: 1, paused: true } });
    const change = { spec: { replicas: 2 } };
    expect(() => apply(live, "b", change)).toThrow(
      expect.objectContaining({
        code: 409,
        message: 'Apply failed with 1 conflict: conflict with "a": .spec.replicas',
      }),
    );
    expect(apply(live, "b", change, true)).toMatchObject({
      spec: { replicas: 2, paused: true },
      metadata: { managedFields: [{ manager: "a", fieldsV1: { "f:spec": { "f:paused": {} } } }, { manager: "b" }] },
    });
    const [updated] = [{ ...type, spec: { replicas: 3 } }];
    const tracked = { ...updated, metadata: { managedFields: trackUpdate(undefined, updated, by("kubectl")) ?? [] } };
    expect(() => apply(tracked, "b", { spec: { replicas: 2, paused: true } })).toThrow(
      'conflict with "kubectl" using apps/v1: .spec.replicas',
    );
  });

  it("removes what its manager no longer applies and nobody else owns", () => {
    const both = { metadata: { labels: { a: "1", b: "2" } } };
    const live = apply(apply(undefined, "a", both), "b", { metadata: { labels: { b: "2" } } });
    expect(apply(live, "a", { metadata: { labels: {} } })?.metadata?.labels).toEqual({ b: "2" });
  });

  it("changes nothing when the same is applied again", () => {
    fc.assert(
      fc.property(arbitraryObject(schemas, typeName, 3), (object) => {
        const { metadata: _, ...fields } = object;
        const once = apply(undefined, "a", fields);
        if (once !== undefined) expect(apply(once, "a", fields)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it("refuses managedFields and items without keys", () => {
    expect(() => apply(undefined, "a", { metadata: { managedFields: [] } })).toThrow(
      "metadata.managedFields must be nil",
    );
    expect(() => apply(undefined, "a", containers({ image: "1" }))).toThrow(expect.objectContaining({ code: 400 }));
  });
});

describe("trackUpdate", () => {
  it("takes changed fields from their owners and keeps their metadata unowned", () => {
    const live = apply(undefined, "a", { metadata: { name: "x", labels: { l: "1" } }, spec: { replicas: 1 } });
    const entries = trackUpdate(
      live,
      { ...type, metadata: { name: "x", labels: { l: "1" } }, spec: { replicas: 2 } },
      by("b"),
    );
    expect(entries).toMatchObject([
      { manager: "a", operation: "Apply", fieldsV1: { "f:metadata": { "f:labels": { "f:l": {} } } } },
      { manager: "b", operation: "Update", fieldsV1: { "f:spec": { "f:replicas": {} } } },
    ]);
  });
});

describe("many managers", () => {
  it("become one that owns what each of them did, in little more than linear time", () => {
    const entry = (index: number) => ({
      manager: `m${index}`,
      operation: "Update",
      apiVersion: "apps/v1",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:metadata": { "f:labels": { [`f:l${index}`]: {} } } },
    });
    const count = 30_000;
    const labels = Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, "1"]));
    const metadata = { name: "x", labels, managedFields: Array.from({ length: count }, (_, index) => entry(index)) };
    const object = { ...type, metadata } as UnknownObject;
    const entries = trackUpdate(object, object, by("b")) ?? [];
    expect(entries.length).toBeLessThanOrEqual(10);
    const ancient = entries.find(({ manager }) => manager === "ancient-changes")?.fieldsV1 as {
      "f:metadata": { "f:labels": object };
    };
    expect(Object.keys(ancient["f:metadata"]["f:labels"])).toHaveLength(count - entries.length + 1);
  });
});

describe("FieldSet", () => {
  const element = fc.constantFrom("f:a", "f:b", 'k:{"name":"x"}', 'v:"y"', "i:1");
  const set = fc
    .array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
    .map((paths) => FieldSet.of(...paths));

  it("keeps its members in the FieldsV1 form", () => {
    fc.assert(
      fc.property(set, (one) => {
        expect(FieldSet.fromFields(JSON.parse(JSON.stringify(one.toFields())) as FieldsV1).equals(one)).toBe(true);
      }),
    );
  });

  it("obeys the laws of sets", () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(a.union(b).difference(b).union(a.intersection(b)).equals(a)).toBe(true);
        expect(a.difference(b).intersection(b).empty).toBe(true);
      }),
    );
  });

  it("prints paths as conflict messages have them", () => {
    const keys = keyElement({ protocol: "TCP", containerPort: 80 });
    expect(formatPath(["f:spec", "f:ports", keys, "f:name"])).toBe('.spec.ports[containerPort=80,protocol="TCP"].name');
    expect(() => FieldSet.fromFields({ "x:y": {} })).toThrow("unknown path element type");
  });
});

describe("typed values", () => {
  it("merge to what a comparison with the configuration finds no change in", () => {
    const shape = shapeOfType(schemas, typeName);
    fc.assert(
      fc.property(arbitraryObject(schemas, typeName, 3), (object) => {
        expect(merge({}, object, shape)).toEqual(object);
        const { added, modified, removed } = compare(object, object, shape);
        expect(added.empty && modified.empty && removed.empty).toBe(true);
        expect(
          compare({}, object, shape).added.intersection(toFieldSet(object, shape)).equals(toFieldSet(object, shape)),
        ).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
