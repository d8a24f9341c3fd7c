import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hostsFiles, writeRegistries } from "./registries.ts";

describe("hostsFiles", () => {
  it("writes nothing where nothing is asked for", () => {
    expect(hostsFiles({ mirrors: [], insecure: [] }).size).toBe(0);
  });

  it("asks mirrors first, in their order, for every registry", () => {
    const files = hostsFiles({ mirrors: ["http://10.0.0.1:5000", "https://mirror.example/cache"], insecure: [] });
    expect([...files.keys()]).toEqual(["_default"]);
    expect(files.get("_default")).toBe(
      '[host."http://10.0.0.1:5000"]\n  capabilities = ["pull", "resolve"]\n\n' +
        '[host."https://mirror.example/cache"]\n  capabilities = ["pull", "resolve"]\n',
    );
  });

  it.each([
    [
      "registry.local:5000",
      'server = "http://registry.local:5000"\n\n[host."https://registry.local:5000"]\n  skip_verify = true\n',
    ],
    ["http://registry.local", 'server = "http://registry.local"\n'],
    ["https://registry.local", 'server = "https://registry.local"\nskip_verify = true\n'],
  ])("does without verified TLS for %s", (registry, expected) => {
    const files = hostsFiles({ mirrors: [], insecure: [registry] });
    expect(files.get(registry.replace(/^https?:\/\//, ""))).toBe(expected);
  });
});

describe("writeRegistries", () => {
  it("replaces its own files, and no others", async () => {
    const target = await mkdtemp(join(tmpdir(), "registries-"));
    await mkdir(join(target, "by-hand"));
    await writeFile(join(target, "by-hand/hosts.toml"), 'server = "http://by-hand"\n');
    await writeRegistries({ mirrors: ["http://10.0.0.1"], insecure: ["a.local"] }, target);
    expect(await readdir(target)).toEqual(["_default", "a.local", "by-hand"]);
    await writeRegistries({ mirrors: [], insecure: ["b.local"] }, target);
    expect(await readdir(target)).toEqual(["b.local", "by-hand"]);
    await rm(target, { recursive: true });
  });
});
