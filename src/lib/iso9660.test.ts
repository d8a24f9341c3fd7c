import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IsoEntry, writeIso } from "./iso9660.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mini-iso-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** A reader written from ECMA-119 and Rock Ridge alone: path to [mode, contents]. */
function readIso(image: Buffer): Record<string, [number, string]> {
  const found: Record<string, [number, string]> = {};
  const walk = (sector: number, size: number, prefix: string): void => {
    for (let at = sector * 2048; at < sector * 2048 + size; ) {
      const length = image[at] as number;
      if (length === 0) {
        at = Math.ceil((at + 1) / 2048) * 2048;
        continue;
      }
      const record = image.subarray(at, at + length);
      at += length;
      const nameLength = record[32] as number;
      if (nameLength === 1 && (record[33] as number) < 2) continue;
      const fields = new Map<string, Buffer>();
      for (let field = 33 + nameLength + (nameLength % 2 === 0 ? 1 : 0); field + 4 <= length; ) {
        const fieldLength = record[field + 2] as number;
        if (fieldLength === 0) break;
        fields.set(record.toString("latin1", field, field + 2), record.subarray(field + 4, field + fieldLength));
        field += fieldLength;
      }
      const name = prefix + (fields.get("NM") as Buffer).toString("utf8", 1);
      const [extent, bytes] = [record.readUInt32LE(2), record.readUInt32LE(10)];
      if (record.readUInt8(25) & 2) walk(extent, bytes, `${name}/`);
      else
        found[name] = [
          (fields.get("PX") as Buffer).readUInt32LE(0) & 0o777,
          image.toString("utf8", extent * 2048, extent * 2048 + bytes),
        ];
    }
  };
  const descriptor = image.subarray(16 * 2048);
  expect(descriptor.toString("latin1", 1, 6)).toBe("CD001");
  expect(descriptor.readUInt32LE(80) * 2048).toBe(image.length);
  walk(descriptor.readUInt32LE(158), descriptor.readUInt32LE(166), "");
  return found;
}

describe("writeIso", () => {
  it("keeps long names, folders, modes and contents", async () => {
    await writeFile(join(folder, "program"), "#!/bin/sh\ntrailing data");
    const path = join(folder, "seed.iso");
    await writeIso(path, [
      { path: "config.json", source: "{}" },
      { path: "pki/apiserver-kubelet-client.crt", source: Buffer.from("certificate") },
      { path: "pki/apiserver-kubelet-client.key", source: "k".repeat(5000), mode: 0o400 },
      { path: "a/b/c", source: "" },
      { path: "mini", source: { file: join(folder, "program"), length: 9 }, mode: 0o555 },
    ]);
    expect(readIso(await readFile(path))).toEqual({
      "config.json": [0o444, "{}"],
      "pki/apiserver-kubelet-client.crt": [0o444, "certificate"],
      "pki/apiserver-kubelet-client.key": [0o400, "k".repeat(5000)],
      "a/b/c": [0o444, ""],
      mini: [0o555, "#!/bin/sh"],
    });
  });

  it("holds more records than fit in one sector and gives the same bytes each time", async () => {
    const entries: IsoEntry[] = Array.from({ length: 200 }, (_, i) => ({ path: `d/file-${i}`, source: `${i}` }));
    await writeIso(join(folder, "1.iso"), entries);
    await writeIso(join(folder, "2.iso"), entries);
    const image = await readFile(join(folder, "1.iso"));
    expect(Object.keys(readIso(image))).toHaveLength(200);
    expect(image.equals(await readFile(join(folder, "2.iso")))).toBe(true);
  });

  it("may be asked for the same image by two at once, as by nodes that share one", async () => {
    const path = join(folder, "shared.iso");
    const program = join(folder, "shared");
    await writeFile(program, "#!/bin/sh");
    const entries = [{ path: "mini", source: { file: program } }];
    await Promise.all([writeIso(path, entries), writeIso(path, entries)]);
    expect(readIso(await readFile(path))).toHaveProperty("mini");
    expect((await readdir(folder)).filter((name) => name.startsWith("shared.iso"))).toEqual(["shared.iso"]);
  });

  it.each([
    ["an empty part", [{ path: "a//b", source: "" }]],
    [
      "a duplicate",
      [
        { path: "a", source: "" },
        { path: "a", source: "" },
      ],
    ],
    [
      "a file that is a folder",
      [
        { path: "a", source: "" },
        { path: "a/b", source: "" },
      ],
    ],
    ["a missing source", [{ path: "a", source: { file: "/nonexistent" } }]],
  ])("refuses %s and leaves no file", async (_, entries) => {
    const before = await readdir(folder);
    await expect(writeIso(join(folder, "bad.iso"), entries)).rejects.toThrow();
    expect(await readdir(folder)).toEqual(before);
  });
});
