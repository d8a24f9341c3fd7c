import fc from "fast-check";
import { describe, expect, it } from "vitest";
import json from "../../kinds/generated/schema.json" with { type: "json" };
import { deepFreeze } from "../meta/accessors.ts";
import { arbitraryObject } from "../schema/arbitrary-object.ts";
import type { SchemaTable } from "../schema/types.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { placeElements } from "./list-merge.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const schemas = json as unknown as SchemaTable;
const deployment = "io.k8s.api.apps.v1.Deployment";
const strategic = (document: Record<string, unknown>, patch: unknown): Record<string, unknown> =>
  applyStrategicMergePatch(deepFreeze(document), deepFreeze(patch), schemas, deployment);
const podSpec = (spec: unknown): Record<string, unknown> => ({ spec: { template: { spec } } });

describe("applyJsonPatch", () => {
  const document = deepFreeze({ a: { b: [1, 2, 3], "c/d": "e" } });

  it.each([
    [[{ op: "add", path: "/a/b/-", value: 4 }], { a: { b: [1, 2, 3, 4], "c/d": "e" } }],
    [[{ op: "add", path: "/a/b/0", value: 0 }], { a: { b: [0, 1, 2, 3], "c/d": "e" } }],
    [[{ op: "remove", path: "/a/c~1d" }], { a: { b: [1, 2, 3] } }],
    [[{ op: "replace", path: "/a/b/-1", value: 9 }], { a: { b: [1, 2, 9], "c/d": "e" } }],
    [[{ op: "replace", path: "/new", value: 1 }], { a: { b: [1, 2, 3], "c/d": "e" }, new: 1 }],
    [[{ op: "move", from: "/a/b", path: "/f" }], { a: { "c/d": "e" }, f: [1, 2, 3] }],
    [[{ op: "copy", from: "/a/b/1", path: "/g" }], { a: { b: [1, 2, 3], "c/d": "e" }, g: 2 }],
    [
      [
        { op: "test", path: "/a/b", value: [1, 2, 3] },
        { op: "test", path: "/none", value: null },
      ],
      document,
    ],
  ])("applies %j", (patch, expected) => {
    expect(applyJsonPatch(document, patch)).toEqual(expected);
  });

  it.each([
    [[{ op: "test", path: "/a/b", value: [] }], 422],
    [[{ op: "remove", path: "/none" }], 422],
    [[{ op: "add", path: "/none/x", value: 1 }], 422],
    [[{ op: "add", path: "/a/b/9", value: 1 }], 422],
    [[{ op: "jump", path: "/a" }], 422],
    [{ op: "add" }, 400],
    [[1], 400],
    [Array(10_001).fill({ op: "test", path: "", value: 1 }), 413],
  ])("refuses a patch that does not fit", (patch, code) => {
    expect(() => applyJsonPatch(document, patch)).toThrow(expect.objectContaining({ code }));
  });
});

describe("applyJsonPatch's copies", () => {
  const doubling = (times: number): object[] =>
    Array.from({ length: times }, (_, index) => ({ op: "copy", from: "/data", path: `/data/k${index}` }));

  it("are counted, so that a short patch makes no large object", () => {
    const document = { data: { a: "x".repeat(1024) } };
    expect(() => applyJsonPatch(document, doubling(20))).toThrow(
      expect.objectContaining({
        code: 422,
        cause: expect.objectContaining({ message: expect.stringContaining("exceeding the limit 3145728") }),
      }),
    );
    expect(() => applyJsonPatch(document, doubling(40))).toThrow();
    expect(JSON.stringify(applyJsonPatch(document, doubling(8))).length).toBeLessThan(3 * 1024 * 1024);
  });

  it("share nothing with what they are of", () => {
    const patch = [
      { op: "copy", from: "/a", path: "/b" },
      { op: "add", path: "/b/c", value: 1 },
      { op: "add", path: "/d", value: { e: 1 } },
      { op: "copy", from: "/d", path: "/f" },
      { op: "replace", path: "/f/e", value: 2 },
    ];
    expect(applyJsonPatch({ a: {} }, patch)).toEqual({ a: {}, b: { c: 1 }, d: { e: 1 }, f: { e: 2 } });
  });

  it("do not make a value a part of itself", () => {
    expect(() => applyJsonPatch({ a: { b: {} } }, [{ op: "move", from: "/a", path: "/a/b/c" }])).toThrow();
  });
});

describe("applyMergePatch", () => {
  it.each([
    [{ a: 1 }, { a: null, b: 2 }, { b: 2 }],
    [{ a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{ a: 1 }, { a: { b: null, c: [{ d: null }] } }, { a: { c: [{}] } }],
  ])("%j with %j is %j", (document, patch, expected) => {
    expect(applyMergePatch(deepFreeze(document) as Record<string, unknown>, deepFreeze(patch))).toEqual(expected);
  });

  it("refuses what is no object", () => {
    expect(() => applyMergePatch({}, [])).toThrow(expect.objectContaining({ code: 400 }));
  });
});

describe("applyStrategicMergePatch", () => {
  it("merges containers and their env by name, in the patch's order", () => {
    const document = podSpec({
      containers: [{ name: "a", image: "1", env: [{ name: "x", value: "1" }] }, { name: "b" }],
    });
    const patch = podSpec({ containers: [{ name: "c" }, { name: "a", env: [{ name: "y", value: "2" }] }] });
    expect(strategic(document, patch)).toEqual(
      podSpec({
        containers: [
          { name: "c" },
          {
            name: "a",
            image: "1",
            env: [
              { name: "y", value: "2" },
              { name: "x", value: "1" },
            ],
          },
          { name: "b" },
        ],
      }),
    );
  });

  it("deletes and replaces elements, and keeps the order that $setElementOrder gives", () => {
    const document = podSpec({ containers: [{ name: "a" }, { name: "b" }, { name: "sidecar" }] });
    expect(strategic(document, podSpec({ containers: [{ name: "a", $patch: "delete" }] }))).toEqual(
      podSpec({ containers: [{ name: "b" }, { name: "sidecar" }] }),
    );
    expect(strategic(document, podSpec({ containers: [{ $patch: "replace" }, { name: "z" }] }))).toEqual(
      podSpec({ containers: [{ name: "z" }] }),
    );
    const order = [{ name: "b" }, { name: "a" }];
    expect(strategic(document, podSpec({ "$setElementOrder/containers": order }))).toEqual(
      podSpec({ containers: [{ name: "b" }, { name: "a" }, { name: "sidecar" }] }),
    );
  });

  it("follows $retainKeys and $patch in maps", () => {
    const document = { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } };
    expect(strategic(document, { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } })).toEqual({
      spec: { strategy: { type: "Recreate" } },
    });
    expect(strategic(document, { spec: { strategy: { $patch: "replace", type: "x" } } })).toEqual({
      spec: { strategy: { type: "x" } },
    });
    expect(strategic(document, { spec: { strategy: { $patch: "delete" } } })).toEqual({ spec: { strategy: {} } });
  });

  it("merges and deletes in lists of scalars, and replaces atomic lists", () => {
    const document = { metadata: { finalizers: ["a", "b"] }, ...podSpec({ tolerations: [{ key: "x" }] }) };
    expect(strategic(document, { metadata: { finalizers: ["c", "a"] } })["metadata"]).toEqual({
      finalizers: ["c", "a", "b"],
    });
    const deletion = { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } };
    expect(strategic(document, deletion)["metadata"]).toEqual({ finalizers: ["b"] });
    const replaced = strategic(document, podSpec({ tolerations: [{ key: "y" }] }));
    expect(replaced["spec"]).toEqual(podSpec({ tolerations: [{ key: "y" }] })["spec"]);
  });

  it("removes nulls, also from what it adds", () => {
    const document = { metadata: { labels: { a: "b" } } };
    expect(
      strategic(document, { metadata: { labels: { a: null, c: null, d: "e" }, annotations: { f: null } } }),
    ).toEqual({
      metadata: { labels: { d: "e" }, annotations: {} },
    });
  });

  it.each([
    [{ spec: { strategy: { $retainKeys: ["x"], type: "y" } } }, 400, "invalid patch format of retainKeys"],
    [{ spec: { strategy: { $patch: "turn" } } }, 400, "unknown patch type: turn"],
    [podSpec({ containers: [{ image: "1" }] }), 400, "does not contain declared merge key: name"],
    [
      podSpec({ containers: [{ name: "a" }], "$setElementOrder/containers": [{ name: "b" }] }),
      400,
      "The order in patch list",
    ],
    [[], 400, "json: cannot unmarshal array"],
  ])("refuses %j", (patch, code, message) => {
    const document = { spec: { strategy: { type: "x" }, template: { spec: { containers: [{ name: "a" }] } } } };
    expect(() => strategic(document, patch)).toThrow(expect.objectContaining({ code }));
    expect(() => strategic(document, patch)).toThrow(message);
  });

  it("makes any object out of nothing", () => {
    fc.assert(
      fc.property(arbitraryObject(schemas, deployment, 3), (object) => {
        expect(strategic({}, object)).toEqual(object);
      }),
      { numRuns: 50 },
    );
  });
});

describe("all merge patches", () => {
  it("change nothing when applied again", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (document, patch) => {
          const once = applyMergePatch(document, patch);
          expect(applyMergePatch(once, patch)).toEqual(once);
        },
      ),
    );
  });
});

describe("placeElements", () => {
  /** The comparison and the sort that upstream has, written out. */
  function insertionSort(list: string[], places: ReadonlyMap<string, number>): string[] {
    const sorted = [...list];
    const place = (element: string | undefined): number => places.get(element as string) ?? -1;
    for (let i = 1; i < sorted.length; i++) {
      for (let j = i; j > 0; j--) {
        const [before, after] = [place(sorted[j - 1]), place(sorted[j])];
        if (before >= 0 && after >= 0 && after >= before) break;
        [sorted[j - 1], sorted[j]] = [sorted[j] as string, sorted[j - 1] as string];
      }
    }
    return sorted;
  }

  it("orders as upstream's insertion sort does, whatever has no place", () => {
    const letters = fc.uniqueArray(fc.constantFrom(..."abcdefghij"));
    fc.assert(
      fc.property(letters, letters, (list, order) => {
        const places = new Map(order.map((letter, index) => [letter, index]));
        const sorted = placeElements({ named: [...list], others: [] }, order, [], "");
        expect(sorted).toEqual(insertionSort(list, places));
      }),
    );
  });

  it("merges long lists in a time that grows with their length", () => {
    const env = Array.from({ length: 20_000 }, (_, index) => ({ name: `V${index}`, value: "v" }));
    const document = podSpec({ containers: [{ name: "a", env }] });
    const deletions = env.map(({ name }) => ({ name, $patch: "delete" }));
    expect(strategic(document, document)).toEqual(document);
    expect(strategic(document, podSpec({ containers: [{ name: "a", env: deletions }] }))).toEqual(
      podSpec({ containers: [{ name: "a", env: [] }] }),
    );
  });
});
