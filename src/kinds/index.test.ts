import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import resources from "./generated/resources.json" with { type: "json" };
import { builtInKinds } from "./index.ts";

const root = new URL(".", import.meta.url);
const folders = (path: string): string[] =>
  readdirSync(new URL(path, root), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

describe("the list of built-in kinds", () => {
  it("serves exactly the resources of the generated table", () => {
    const served = builtInKinds.map((one) => `${one.group}/${one.version}/${one.plural}`);
    expect([...served].sort()).toEqual(resources.map((one) => `${one.group}/${one.version}/${one.plural}`).sort());
    expect(new Set(served).size).toBe(served.length);
  });

  it("lists every definition found in a folder", async () => {
    const groups = folders(".").filter((name) => name !== "generated");
    for (const path of groups.flatMap((group) => folders(`${group}/`).map((kind) => `./${group}/${kind}/`))) {
      const files = readdirSync(new URL(path, root)).filter((name) => /^definition(-v\d+)?\.ts$/.test(name));
      for (const file of files) {
        const exported = Object.values((await import(new URL(path + file, root).href)) as Record<string, unknown>);
        expect(
          exported.some((one) => (builtInKinds as readonly unknown[]).includes(one)),
          path + file,
        ).toBe(true);
      }
    }
  });

  it("knows the type of every kind and of every subresource's kind that has one", () => {
    for (const one of builtInKinds) expect(one.schemas[one.schemaName]?.fields, one.kind).toBeDefined();
  });
});
